"""The API in OpenAPI's words: parameters, bodies, answers, problems, with examples."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from lentigo.serving.problems import MEDIA_TYPE, ProblemBody
from lentigo.serving.upload import FORM, RAW_TYPES

_PROBLEMS: Final = {
    400: ("empty", "image: is empty (0 bytes)"),
    401: (
        "no-token",
        "expected the header 'Authorization: Bearer TOKEN' with a token of this server",
    ),
    403: ("cross-site", "without tokens no other web site may use this server"),
    408: ("slow-upload", "the body did not arrive within 30 s"),
    413: ("too-large", "the body has more than 20,000,000 bytes; send a smaller image"),
    415: ("not-an-image", "image: is not an image; expected the content of JPEG, PNG"),
    421: ("wrong-host", "without tokens this server answers to its own address alone"),
    422: ("damaged", "image: damaged or cut short (unreadable header)"),
    429: ("too-often", "too many requests in a minute"),
    500: ("internal", "the server failed; its log tells why under this request's name"),
    501: (
        "no-dicom",
        "this server cannot write DICOM: pip install 'lentigo[dicom]' and start it again",
    ),
    503: ("queue-full", "32 images wait already; come again"),
    504: ("deadline", "there was no finding within 30 s; come again"),
}
_RETRY = {
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "integer", "minimum": 1},
    }
}

_BINARY = {"type": "string", "format": "binary"}
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The image, as a form or as it is. File names are not looked at.",
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "additionalProperties": False,
                    "properties": {
                        "image": {
                            **_BINARY,
                            "description": "A JPEG, PNG, TIFF, BMP or WebP file.",
                        },
                        "outline": {
                            **_BINARY,
                            "description": "A PNG mask of the whole upright photo, the lesion "
                            "white, at any scale: measured and scored in place of the segmenter's "
                            "own.",
                        },
                    },
                },
                "encoding": {"outline": {"contentType": "image/png"}},
            },
            **{kind: {"schema": _BINARY} for kind in ("image/*", RAW_TYPES[0])},
        },
    }
}

FINDING: Final[dict[str, Any]] = {
    "schema_version": 1,
    "notice": "Research use only: not a medical device, not a diagnosis.",
    "image": None,
    "image_sha256": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
    "size_px": [450, 600],
    "probability_malignant": 0.07,
    "operating_point": {"name": "sensitivity-90", "threshold": 0.19, "rule": "a rule in words"},
    "decision": "benign",
    "warnings": [],
    "lesion_found": True,
    "outline_by": "segmenter",
    "measurements": {
        "area_share": 0.1,
        "area_px": 27000.0,
        "equivalent_diameter_px": 185.4,
        "asymmetry": 0.12,
        "border_irregularity": 1.2,
        "colour_variegation": 9.1,
    },
    "box": {"top": 100, "left": 180, "height": 240, "width": 250},
    "contour": [[200.0, 150.0], [380.0, 160.0], [300.0, 320.0]],
    "made_with": {
        "lentigo": "0.1.0",
        "engine": "onnxruntime",
        "segmenter": {"name": "lite-unet", "sha256": "0" * 64, "precision": "float32"},
        "classifier": {"name": "mobilenetv2", "sha256": "0" * 64, "precision": "float32"},
    },
}
"""An example of a finding; its numbers are made up."""


BUNDLE: Final[dict[str, Any]] = {
    "name": "lite-unet",
    "task": "segmentation",
    "net": "lite-unet",
    "sha256": "0" * 64,
    "precision": "float32",
    "input_size_px": [192, 192],
    "classes": ["skin", "lesion"],
    "diagnoses": [],
    "operating_points": {"max-dice": 0.7},
    "operating_point": "max-dice",
    "trained_on": ["isic2018-task1"],
    "licence": "the data's terms",
    "notes": [],
}
"""An example of a bundle; its numbers are made up."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problems of a route, each with an example."""
    return {status: _problem(status) for status in statuses}


def _problem(status: int) -> dict[str, Any]:
    code, detail = _PROBLEMS[status]
    example = ProblemBody(
        title=HTTPStatus(status).phrase, status=status, code=code, detail=detail, request="0" * 32
    ).model_dump()
    told: dict[str, Any] = {
        "description": detail,
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
        },
    }
    return told | ({"headers": _RETRY} if status in (429, 503) else {})


def describe(app: FastAPI) -> None:
    """Give an app an OpenAPI document that holds the problems' schema too."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                license_info=app.license_info,
                routes=app.routes,
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = ProblemBody.model_json_schema()
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
