"""The page beside the API: static files that hold nothing of anyone's, and so need no token."""

import mimetypes
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from lentigo import report

PAGE: Final = Path(__file__).parent / "page"
PALETTE: Final = Path(report.__file__).parent / "palette.css"
"""The colours of the reports, which the page shares."""

HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "cache-control": "no-cache",  # asked for again each time, answered by the ETag
    "permissions-policy": "geolocation=(), microphone=(), payment=()",
}

# A system may name other types, and a browser runs and applies none but these.
for _suffix, _type in ((".js", "text/javascript"), (".css", "text/css"), (".svg", "image/svg+xml")):
    mimetypes.add_type(_type, _suffix)


def install(app: FastAPI) -> None:
    """Serve the page at ``/`` and its files below ``/viewer``."""

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return FileResponse(PAGE / "index.html", headers=HEADERS)

    @app.get("/viewer/palette.css", include_in_schema=False)
    async def palette() -> Response:
        return FileResponse(PALETTE, headers=HEADERS)

    app.mount("/viewer", _Files(directory=PAGE))


class _Files(StaticFiles):
    """The page's files, with the page's headers."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        """Return a file, or that it has not changed."""
        response = super().file_response(*args, **options)
        response.headers.update(HEADERS)
        return response
