"""What fills files up to one length is not seen by a browser."""

import base64
import io

import numpy as np
import pytest
from PIL import Image as Pillow
from playwright.sync_api import Browser

from arenas.images.models import RenditionProfile
from arenas.images.render import render_bytes
from tests.factories import ROOT

pytestmark = pytest.mark.browser
DECODE = """async (url) => {
    const image = new Image(); image.src = url; await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext("2d"); context.drawImage(image, 0, 0);
    return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data);
}"""


@pytest.mark.parametrize("kilobytes", [8, 64])
def test_a_browser_decodes_the_same_pixels(browser: Browser, kilobytes: int) -> None:
    profile = RenditionProfile(width=192, height=160, size=kilobytes * 1024)
    data = render_bytes((ROOT / "fixtures/references/fox.webp").read_bytes(), profile)
    page = browser.new_page()
    url = "data:image/webp;base64," + base64.b64encode(data).decode()
    seen = np.array(page.evaluate(DECODE, url)).reshape(160, 192, 4)[..., :3]
    page.close()
    ours = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"), int)
    assert np.abs(seen - ours).max() <= 2
