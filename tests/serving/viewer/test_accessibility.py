"""axe-core finds nothing serious, in light and dark, at both sizes, whatever is shown."""

from pathlib import Path
from typing import Any

import pytest
from viewer_page import OpenViewer, Viewer


def faults(viewer: Viewer, scheme: str) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    viewer.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found: dict[str, Any] = axe.run(viewer.page).response
    return [
        f"{scheme}: {one['id']} ({one['impact']}): {node['html'][:120]} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def test_axe_finds_nothing_serious(open_viewer: OpenViewer, photos: dict[str, Path]) -> None:
    viewer = open_viewer()
    found = faults(viewer, "light") + faults(viewer, "dark")
    viewer.add(photos["malignant"], photos["noise"])
    for summary in viewer.page.locator("summary").all():
        summary.click()
    viewer.page.check("#heat-on")
    viewer.page.click("#edit")
    found += faults(viewer, "dark") + faults(viewer, "light")
    viewer.choose(photos["noise"].name)
    found += faults(viewer, "light") + faults(viewer, "dark")
    assert found == []


def test_what_is_found_is_told_to_a_screen_reader(
    open_viewer: OpenViewer, photos: dict[str, Path]
) -> None:
    viewer = open_viewer(photos["malignant"])
    assert "called malignant" in viewer.page.locator("#live[role=status]").text_content()
    # The picture is drawn when the browser has decoded it, after the finding is there.
    viewer.page.wait_for_selector(f"#canvas[aria-label*='{photos['malignant'].name}']")
