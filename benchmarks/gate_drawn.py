"""Drawn pictures that are no dermoscopy, by kind: what the gate must learn to refuse.

Every kind is a function of a random stream that returns RGB pixels uint8 H×W×3. Colours are drawn
from all there are and, half of the time, from those of skin, so that colour alone tells nothing.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from lentigo.imaging.arrays import Pixels
from lentigo.synthetic.canvas import Plane, layered_noise, network, noise
from lentigo.synthetic.skin import BLOOD, MELANIN, TONES, absorb

Rng: TypeAlias = np.random.Generator
Draw: TypeAlias = Callable[[Rng], Pixels]

HEIGHT, WIDTH = SIZE_PX = 192, 256
WORDS = ("the", "of", "and", "receipt", "total", "date", "in", "report", "street", "page", "sum")


def colour(rng: Rng) -> NDArray[np.float64]:
    """Return any colour, or in half of the draws one of skin, 0–255."""
    if rng.random() < 0.5:
        return rng.uniform(0, 255, 3)
    return skin_colour(rng)


def skin_colour(rng: Rng) -> NDArray[np.float64]:
    """Return a colour of skin or of a pigmented lesion, 0–255."""
    tone = np.array(TONES[int(rng.integers(1, 7))], dtype=np.float64)
    return tone * np.exp(-rng.exponential(0.4) * MELANIN - rng.exponential(0.2) * BLOOD)


def blank(rng: Rng) -> Pixels:
    """One plain colour, as seen by a camera: next to no noise."""
    grain = rng.normal(0, rng.uniform(0, 2), (*SIZE_PX, 3))
    return _pixels(colour(rng) + grain)


def gradient(rng: Rng) -> Pixels:
    """Two or three colours that run into each other, straight or around a centre."""
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    turn, shift = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5, 2)
    straight = rng.random() < 0.5
    way = x * np.cos(turn) + y * np.sin(turn) if straight else np.hypot(x - shift[0], y - shift[1])
    return _map(rng, way, stops=int(rng.integers(2, 4)))


def static(rng: Rng) -> Pixels:
    """Independent pixels: uniform, normal, of one colour, or black and white."""
    grain = int(rng.choice([1, 1, 2, 4, 8]))
    shape = HEIGHT // grain, WIDTH // grain, int(rng.choice([1, 3]))
    values = rng.uniform(-1, 1, shape) if rng.random() < 0.5 else rng.normal(0, 0.5, shape)
    values = np.sign(values) if rng.random() < 0.2 else values
    plane = values.repeat(grain, axis=0).repeat(grain, axis=1)
    return _pixels(colour(rng) + rng.uniform(30, 160) * plane)


def clouds(rng: Rng) -> Pixels:
    """Smooth noise of many scales through a palette: clouds, marble, camouflage."""
    plane = layered_noise(rng, SIZE_PX, rng.uniform(8, 90), int(rng.integers(1, 6)))
    plane = np.abs(plane) if rng.random() < 0.3 else plane
    return _map(rng, plane, stops=int(rng.integers(2, 6)))


def stripes(rng: Rng) -> Pixels:
    """Waves of one or two directions, soft or hard: cloth, blinds, chess boards."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    bend = rng.exponential(2) * noise(rng, SIZE_PX, 60)
    waves = []
    for _ in range(rng.integers(1, 3)):
        turn, period = rng.uniform(0, np.pi), rng.uniform(6, 70)
        waves.append(np.sin((x * np.cos(turn) + y * np.sin(turn) + bend) * 2 * np.pi / period))
    plane = np.prod(waves, axis=0)
    plane = np.sign(plane) if rng.random() < 0.5 else plane
    return _grained(rng, _map(rng, plane, stops=2))


def cells(rng: Rng) -> Pixels:
    """A net of lines over two colours: leather, mud, tiles, foam."""
    net = network(rng, SIZE_PX, rng.uniform(8, 60))
    ground = layered_noise(rng, SIZE_PX, rng.uniform(10, 60))
    share = rng.uniform(0.0, 0.5)
    return _grained(rng, _map(rng, net + share * ground, stops=2))


def leaves(rng: Rng) -> Pixels:
    """Shapes that hide one another, largest first: the dead leaves model of natural images.

    After Lee, Mumford and Huang, Int J Comput Vis 2001;41:35–59; each leaf is textured.
    """
    picture = Image.new("RGB", (WIDTH, HEIGHT), _rgb(colour(rng)))
    palette = [colour(rng) for _ in range(rng.integers(2, 9))]
    least = rng.uniform(3, 25)
    radii = np.clip(least / np.sqrt(rng.uniform(1e-3, 1, 400)), least, 90)
    kind = rng.integers(3)
    for radius in radii:
        tint = palette[rng.integers(len(palette))] + rng.normal(0, 18, 3)
        _shape(rng, ImageDraw.Draw(picture), kind, radius, _rgb(tint))
    texture = rng.uniform(0, 30) * layered_noise(rng, SIZE_PX, rng.uniform(3, 40))
    return _pixels(np.asarray(picture) + texture[..., None])


def page(rng: Rng) -> Pixels:
    """Lines of print on paper, perhaps with a heading, a picture, columns and a slant."""
    paper, ink = _paper(rng)
    image = Image.new("RGB", (WIDTH * 2, HEIGHT * 2), _rgb(paper))
    pen, size = ImageDraw.Draw(image), int(rng.integers(8, 34))
    font = ImageFont.load_default(size)
    left, top = rng.uniform(4, 60, 2)
    while top < HEIGHT * 2 - size:
        words = rng.choice(WORDS, int(rng.integers(2, 1 + WIDTH * 4 // size)))
        pen.text((left, top), " ".join(words), fill=_rgb(ink), font=font)
        top += size * rng.uniform(1.1, 1.3) * rng.choice([1, 1, 1, 2])
    if rng.random() < 0.3:
        box = sorted(rng.uniform(0, WIDTH * 2, 2)), sorted(rng.uniform(0, HEIGHT * 2, 2))
        pen.rectangle((box[0][0], box[1][0], box[0][1], box[1][1]), fill=_rgb(colour(rng)))
    return _grained(rng, _turned(rng, image, paper))


def table(rng: Rng) -> Pixels:
    """Ruled paper: a form, a spreadsheet, squared paper, with or without figures."""
    paper, ink = _paper(rng)
    image = Image.new("RGB", (WIDTH * 2, HEIGHT * 2), _rgb(paper))
    pen, row, column = ImageDraw.Draw(image), rng.uniform(14, 60), rng.uniform(20, 130)
    font, filled = ImageFont.load_default(int(row * 0.6)), rng.random() < 0.7
    for y in np.arange(0, HEIGHT * 2, row):
        pen.line((0, y, WIDTH * 2, y), fill=_rgb(ink), width=int(rng.integers(1, 3)))
        for x in np.arange(0, WIDTH * 2, column):
            pen.line((x, 0, x, HEIGHT * 2), fill=_rgb(ink))
            if filled and rng.random() < 0.7:
                pen.text((x + 4, y + 2), f"{rng.uniform(0, 1000):.1f}", fill=_rgb(ink), font=font)
    return _grained(rng, _turned(rng, image, paper))


def chart(rng: Rng) -> Pixels:
    """Bars, a line, a scatter or a pie between axes."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _rgb(255 - rng.exponential(10, 3)))
    pen, count = ImageDraw.Draw(image), int(rng.integers(3, 14))
    x = np.linspace(35, WIDTH - 20, count)
    kind = rng.integers(4)
    for _ in range(int(rng.integers(1, 4))):
        y, fill = rng.uniform(20, HEIGHT - 30, count), _rgb(colour(rng))
        if kind == 0:
            for a, b in zip(x, y, strict=True):
                pen.rectangle((a - 6, b, a + 6, HEIGHT - 25), fill=fill)
        elif kind == 1:
            pen.line(list(zip(x, y, strict=True)), fill=fill, width=3)
        elif kind == 2:
            for a, b in rng.uniform((35, 15), (WIDTH - 10, HEIGHT - 30), (40, 2)):
                pen.ellipse((a - 3, b - 3, a + 3, b + 3), fill=fill)
        else:
            start, end = sorted(rng.uniform(0, 360, 2))
            pen.pieslice((70, 30, 190, 150), start, end, fill=fill, outline="white")
    pen.line((30, 10, 30, HEIGHT - 25, WIDTH - 10, HEIGHT - 25), fill="black")
    for a in x:
        pen.text((a, HEIGHT - 20), str(int(a)), fill="black", font=ImageFont.load_default(9))
    return np.asarray(image)


def screen(rng: Rng) -> Pixels:
    """Windows, bars, buttons and icons of a user interface, light or dark."""
    dark = rng.random() < 0.4
    ground = rng.uniform(10, 60, 3) if dark else rng.uniform(220, 255, 3)
    image = Image.new("RGB", (WIDTH, HEIGHT), _rgb(ground))
    pen, ink = ImageDraw.Draw(image), "white" if dark else "black"
    pen.rectangle((0, 0, WIDTH, rng.uniform(10, 25)), fill=_rgb(colour(rng)))
    for _ in range(int(rng.integers(4, 20))):
        x, y = rng.uniform(0, WIDTH - 40), rng.uniform(15, HEIGHT - 20)
        wide, high = rng.uniform(15, 120), rng.uniform(8, 60)
        pen.rounded_rectangle((x, y, x + wide, y + high), 4, fill=_rgb(colour(rng)), outline=ink)
        words = " ".join(rng.choice(WORDS, 3))
        pen.text((x + 3, y + 2), words, fill=ink, font=ImageFont.load_default(8))
    return np.asarray(image)


def code(rng: Rng) -> Pixels:
    """A bar code or a square of modules, as printed on labels."""
    paper, ink = _paper(rng)
    image = Image.new("RGB", (WIDTH, HEIGHT), _rgb(paper))
    if rng.random() < 0.5:
        modules = rng.random((1, int(rng.integers(30, 95)))) < 0.5
    else:
        modules = rng.random([int(rng.integers(17, 45))] * 2) < 0.5
    high, wide = HEIGHT * rng.uniform(0.5, 1), WIDTH * rng.uniform(0.5, 1)
    high, wide = (min(high, wide),) * 2 if modules.shape[0] > 1 else (high, wide)
    patch = Image.fromarray(modules).resize((int(wide), int(high)), Image.Resampling.NEAREST)
    place = int(rng.uniform(0, WIDTH - wide)), int(rng.uniform(0, HEIGHT - high))
    image.paste(_rgb(ink), place, patch.convert("L"))
    return _grained(rng, _turned(rng, image, paper))


def clip_art(rng: Rng) -> Pixels:
    """A few flat shapes with outlines: signs, flags, logos, abstract art."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _rgb(colour(rng)))
    for _ in range(int(rng.integers(1, 9))):
        pen, radius = ImageDraw.Draw(image), rng.uniform(15, 80)
        _shape(rng, pen, rng.integers(3), radius, _rgb(colour(rng)), outline=bool(rng.integers(2)))
    return np.asarray(image)


def cartoon_face(rng: Rng) -> Pixels:
    """A head with hair, eyes, brows, nose and mouth before a ground, in the colours of skin."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _rgb(colour(rng)))
    pen = ImageDraw.Draw(image)
    x, y = WIDTH / 2 + rng.normal(0, 20), HEIGHT / 2 + rng.normal(0, 10)
    r = rng.uniform(50, 95)
    tone, hair = skin_colour(rng), skin_colour(rng) * 0.4
    pen.ellipse((x - r * 0.95, y - r * 1.3, x + r * 0.95, y + r * 0.7), fill=_rgb(hair))
    pen.ellipse((x - r * 1.6, y + r * 1.05, x + r * 1.6, y + 3 * r), fill=_rgb(colour(rng)))
    pen.ellipse((x - r * 0.78, y - r, x + r * 0.78, y + r * 1.1), fill=_rgb(tone))
    for side in (-1, 1):
        eye = x + side * r * 0.33
        pen.ellipse((eye - r / 7, y - r / 4, eye + r / 7, y - r / 12), fill="white")
        pen.ellipse((eye - r / 16, y - r / 4, eye + r / 16, y - r / 12), fill=_rgb(hair))
        pen.line((eye - r / 6, y - r * 0.4, eye + r / 6, y - r * 0.4), fill=_rgb(hair), width=4)
    pen.line((x, y, x - r / 10, y + r / 3, x + r / 12, y + r / 3), fill=_rgb(tone * 0.75), width=3)
    mouth = (x - r / 3, y + r * 0.4, x + r / 3, y + r * 0.75)
    pen.chord(mouth, 0, 180, fill=_rgb(np.array((170, 60, 60)) * tone / 230))
    shade = 12 * layered_noise(rng, SIZE_PX, 60)
    return _pixels(ndimage.gaussian_filter(image, (1.5, 1.5, 0)) + shade[..., None])


def limb(rng: Rng) -> Pixels:
    """A part of a body with small moles before cloth or a wall: a photo from an arm's length."""
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1.3 : 1.3 : WIDTH * 1j]
    turn, width = rng.uniform(0, np.pi), rng.uniform(0.3, 0.75)
    across = x * np.cos(turn) + y * np.sin(turn) + rng.normal(0, 0.2)
    along = y * np.cos(turn) - x * np.sin(turn)
    across = across / (width * (1 + rng.uniform(-0.3, 0.3) * along))
    tone = np.array(TONES[int(rng.integers(1, 7))], dtype=float)
    shade = 0.45 + 0.55 * np.sqrt(np.clip(1 - across**2, 0, 1))
    skin = tone * (shade * (1 + 0.03 * layered_noise(rng, SIZE_PX, 30)))[..., None]
    for _ in range(int(rng.integers(0, 7))):
        spot = (across - rng.uniform(-0.8, 0.8)) ** 2 * width**2 + (along - rng.uniform(-1, 1)) ** 2
        dose = rng.uniform(0.5, 1.5) * np.exp(-spot / rng.uniform(0.01, 0.06) ** 2)
        skin = absorb(skin, dose, MELANIN)
    cloth = rng.uniform(3, 25) * layered_noise(rng, SIZE_PX, rng.uniform(4, 60))
    ground = colour(rng) + cloth[..., None]
    return _pixels(np.where((np.abs(across) < 1)[..., None], skin, ground))


def landscape(rng: Rng) -> Pixels:
    """Sky, hills, trees and ground, with haze."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    sky = np.array(rng.choice([(120, 170, 230), (240, 170, 110), (190, 195, 200)]), dtype=float)
    picture = sky + (y / HEIGHT * rng.uniform(20, 70))[..., None]
    picture = picture + np.clip(layered_noise(rng, SIZE_PX, 60), 0, 2)[..., None] * 25
    for depth in np.linspace(0.3, 0.8, int(rng.integers(2, 5))):
        ridge = HEIGHT * depth + 22 * layered_noise(rng, (1, WIDTH), rng.uniform(10, 90))[0]
        ground = np.array((60, 90, 40)) * rng.uniform(0.4, 1.6, 3) * (1.2 - depth)
        rough = layered_noise(rng, SIZE_PX, rng.uniform(3, 20))[..., None] * 14
        picture = np.where((y > ridge[x])[..., None], ground + rough, picture)
    return _pixels(picture)


def wood(rng: Rng) -> Pixels:
    """Boards, cut along the grain, in the colours of skin."""
    y = np.arange(HEIGHT)[:, None]
    warp = 12 * noise(rng, SIZE_PX, 120) + 2 * layered_noise(rng, SIZE_PX, 20)
    rings = np.sin((y + warp) * 2 * np.pi / rng.uniform(5, 25)) + 0.3 * noise(rng, (HEIGHT, 1), 2)
    boards = (y // rng.uniform(30, 120)) % 2 * 0.4
    tone = skin_colour(rng)
    picture = tone * (1 - rng.uniform(0.05, 0.2) * rings - boards * 0.3)[..., None]
    return _pixels(picture if rng.random() < 0.5 else picture.swapaxes(0, 1))


def street_map(rng: Rng) -> Pixels:
    """Roads, blocks, water and a park from above."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _rgb(rng.uniform(225, 245, 3)))
    pen = ImageDraw.Draw(image)
    for fill in ("#aadaff", "#c8e6b0"):
        _shape(rng, pen, 1, rng.uniform(30, 70), fill)
    for _ in range(int(rng.integers(8, 24))):
        ends = rng.uniform(-50, 300, 4)
        pen.line(tuple(ends), fill=str(rng.choice(["white", "#f8d27a", "#cccccc"])), width=5)
        pen.text(tuple(ends[:2]), rng.choice(WORDS), fill="#555555")
    return np.asarray(image)


def x_ray(rng: Rng) -> Pixels:
    """Grey bones and soft shadows: ribs around a spine."""
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    body = np.exp(-((x / rng.uniform(0.6, 0.9)) ** 4))
    lungs = sum(np.exp(-(((x - s) / 0.28) ** 2) - (y / 0.7) ** 2) for s in (-0.42, 0.42))
    ribs = 0.5 + 0.5 * np.sin(rng.uniform(18, 34) * (y - 0.4 * x**2))
    spine = np.exp(-((x / 0.08) ** 2))
    grey = 190 * body * (1 - 0.75 * lungs) + 30 * ribs * lungs + 50 * spine
    return _pixels((grey + 5 * layered_noise(rng, SIZE_PX, 20))[..., None] * np.ones(3))


def stained_tissue(rng: Rng) -> Pixels:
    """Pink tissue with violet nuclei, as haematoxylin and eosin stain it."""
    eosin = absorb(np.full((*SIZE_PX, 3), 245.0), 0.4 + 0.15 * layered_noise(rng, SIZE_PX, 25),
                   np.array([0.15, 1.0, 0.5]))  # fmt: skip
    grain = rng.uniform(4, 9)
    nuclei = np.clip(noise(rng, SIZE_PX, grain) - rng.uniform(0.6, 1.3), 0, 0.6)
    gaps = noise(rng, SIZE_PX, 30)[..., None] > rng.uniform(1.2, 2)
    return _pixels(np.where(gaps, 240, absorb(eosin, 2 * nuclei, np.array([1.0, 1.3, 0.5]))))


DRAWN: dict[str, Draw] = {
    draw.__name__.replace("_", "-"): draw
    for draw in (
        blank, gradient, static, clouds, stripes, cells, leaves, page, table, chart, screen, code,
        clip_art, cartoon_face, limb, landscape, wood, street_map, x_ray, stained_tissue,
    )
}  # fmt: skip


def _map(rng: Rng, plane: Plane, stops: int) -> Pixels:
    """Colour a plane by a palette of ``stops`` colours from its lowest to its highest value."""
    low, high = float(plane.min()), float(plane.max())
    at = np.linspace(low, high, stops) if high > low else np.arange(stops)
    palette = np.array([colour(rng) for _ in range(stops)])
    return _pixels(np.stack([np.interp(plane, at, channel) for channel in palette.T], axis=-1))


def _paper(rng: Rng) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a light colour and a dark one; one time in five the other way round."""
    paper = colour(rng) if rng.random() < 0.3 else rng.uniform(215, 255) - rng.exponential(12, 3)
    ink = rng.uniform(0, 0.4, 3) * paper
    return (ink, paper) if rng.random() < 0.2 else (paper, ink)


def _turned(rng: Rng, image: Image.Image, ground: NDArray[np.float64]) -> Pixels:
    """Turn a sheet a little and cut it anywhere, at the size of all drawn pictures or larger."""
    angle = rng.normal(0, 4) if rng.random() < 0.5 else rng.choice([0, 90])
    turned = image.rotate(angle, Image.Resampling.BILINEAR, fillcolor=_rgb(ground))
    side = rng.uniform(0.5, 1)
    wide, high = (int(length * side) for length in turned.size)
    left, top = rng.integers(0, np.array(turned.size) - (wide, high) + 1).tolist()
    return np.asarray(turned.crop((left, top, left + wide, top + high)))


def _grained(rng: Rng, image: Pixels) -> Pixels:
    """Light unevenly and add a camera's noise, in half of the draws."""
    if rng.random() < 0.5:
        return image
    size_px = (image.shape[0], image.shape[1])
    light = 1 + rng.uniform(0, 0.25) * noise(rng, size_px, 150)[..., None]
    return _pixels(image * light + rng.normal(0, 6, image.shape))


def _shape(rng: Rng, pen: ImageDraw.ImageDraw, kind: int, radius: float,
           fill: object, outline: bool = False) -> None:  # fmt: skip
    x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
    wide, high = radius * rng.uniform(0.5, 1.4, 2)
    box, edge = (x - wide, y - high, x + wide, y + high), "black" if outline else None
    if kind == 0:
        pen.ellipse(box, fill=fill, outline=edge, width=3)
    elif kind == 1:
        turn = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
        corners = zip(x + wide * np.cos(turn), y + high * np.sin(turn), strict=True)
        pen.polygon(list(corners), fill=fill, outline=edge)
    else:
        pen.rectangle(box, fill=fill, outline=edge, width=3)


def _rgb(values: NDArray[np.float64]) -> tuple[int, ...]:
    return tuple(int(value) for value in np.clip(values, 0, 255))


def _pixels(values: NDArray[np.floating]) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
