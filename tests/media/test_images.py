"""Accepted and rejected images, and the stored files."""

import hashlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from generations.accounts.models import Team, User
from generations.contract.support import SUPPORT
from generations.media.images import BadImageError, decode_image, store_image
from generations.media.models import Asset
from generations.media.storages import media_storage
from tests.media.sample_images import (
    BAD,
    HTML,
    SECRET,
    animated,
    jpeg,
    png,
    sample_image,
    sixteen_bits,
    swapped_profile,
    turned,
    webp,
    with_metadata,
)

pytestmark = pytest.mark.usefixtures("media_root")

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)
WHITE = (255, 255, 255)


def upload(data: bytes, name: str = "image.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def stored(asset: Asset) -> bytes:
    with media_storage().open(asset.name) as file:
        return file.read()


def pixels(asset: Asset) -> Image.Image:
    image = Image.open(io.BytesIO(stored(asset)))
    image.load()
    assert image.mode == "RGB"
    return image


def is_near(color: tuple[int, ...], wanted: tuple[int, ...], by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(color, wanted, strict=True))


def is_upright_sample(image: Image.Image) -> bool:
    """Tell whether it is `sample_image()`, upright."""
    width, height = image.size
    left, right = image.getpixel((width // 4, height // 2)), image.getpixel((3 * width // 4, height // 2))
    top = image.getpixel((width // 2, height // 12))
    return is_near(left, RED) and is_near(right, BLUE) and is_near(top, GREEN)


@pytest.mark.parametrize(
    ("data", "mime"), [(jpeg(), "image/jpeg"), (png(), "image/png"), (webp(quality=95), "image/jpeg")]
)
def test_it_stores_an_image(team: Team, bob: User, data: bytes, mime: str):
    asset = store_image(team=team, uploader=bob, file=upload(data))

    asset.refresh_from_db()
    content = stored(asset)
    assert (asset.team, asset.uploader, asset.kind, asset.mime) == (team, bob, "still", mime)
    assert (asset.width, asset.height) == (96, 64)
    assert asset.bytes == len(content)
    assert asset.sha256 == hashlib.sha256(content).hexdigest()
    assert asset.name == f"teams/{team.pk}/stills/{asset.sha256[:2]}/{asset.sha256}.{mime[6:].replace('jpeg', 'jpg')}"
    assert is_upright_sample(pixels(asset))


def test_it_stores_every_pixel_of_a_png(team: Team, bob: User):
    asset = store_image(team=team, uploader=bob, file=upload(png()))

    assert pixels(asset).tobytes() == sample_image().tobytes()


@pytest.mark.parametrize("case", BAD)
def test_it_rejects_with_a_reason_and_stores_nothing(team: Team, bob: User, media_root: Path, case: str):
    make, reason = BAD[case]

    with pytest.raises(BadImageError, match=reason) as error:
        store_image(team=team, uploader=bob, file=upload(make()))

    assert error.value.message.endswith(".")
    assert not Asset.objects.exists()
    assert not media_root.exists()


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_it_removes_metadata_about_place_and_author(team: Team, bob: User, kind: str):
    data = with_metadata()[kind]
    assert SECRET in data

    asset = store_image(team=team, uploader=bob, file=upload(data))

    content = stored(asset)
    assert SECRET not in content
    assert b"Exif" not in content
    image = Image.open(io.BytesIO(content))
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_it_drops_data_appended_to_an_image(team: Team, bob: User):
    polyglot = jpeg(comment=HTML) + HTML + b"PK\x03\x04archive"

    asset = store_image(team=team, uploader=bob, file=upload(polyglot, "picture.html"))

    assert HTML not in stored(asset)
    assert b"PK\x03\x04" not in stored(asset)
    assert asset.mime == "image/jpeg"
    assert asset.name.endswith(".jpg")


@pytest.mark.parametrize("orientation", range(2, 9))
def test_it_applies_the_orientation(team: Team, bob: User, orientation: int):
    asset = store_image(team=team, uploader=bob, file=upload(turned(orientation)))

    assert (asset.width, asset.height) == (96, 64)
    assert is_upright_sample(pixels(asset))


def test_it_applies_the_color_profile(team: Team, bob: User):
    asset = store_image(team=team, uploader=bob, file=upload(png(icc_profile=swapped_profile())))

    image = pixels(asset)
    assert is_near(image.getpixel((24, 40)), BLUE, by=40)
    assert is_near(image.getpixel((72, 40)), RED, by=40)
    assert "icc_profile" not in image.info


def test_it_ignores_a_broken_color_profile(team: Team, bob: User):
    asset = store_image(team=team, uploader=bob, file=upload(png(icc_profile=b"no profile")))

    assert is_upright_sample(pixels(asset))


@pytest.mark.parametrize(
    "data",
    [
        jpeg(sample_image().convert("CMYK")),
        jpeg(progressive=True),
        png(sample_image().quantize(16)),
        webp(lossless=True),
    ],
    ids=["cmyk jpeg", "progressive jpeg", "palette png", "lossless webp"],
)
def test_it_decodes_every_pixel_format(team: Team, bob: User, data: bytes):
    image = pixels(store_image(team=team, uploader=bob, file=upload(data)))

    assert is_near(image.getpixel((24, 40)), RED, by=30)
    assert is_near(image.getpixel((72, 40)), BLUE, by=30)


def test_it_scales_sixteen_bits_to_eight(team: Team, bob: User):
    image = pixels(store_image(team=team, uploader=bob, file=upload(sixteen_bits())))

    assert [image.getpixel((x, 8)) for x in (0, 63)] == [(0, 0, 0), WHITE]
    assert is_near(image.getpixel((32, 8)), (130, 130, 130), by=2)


def half_transparent(mode: str) -> Image.Image:
    """Return a black image with a transparent left half."""
    mask = Image.new("L", (64, 32), 255)
    mask.paste(0, (0, 0, 32, 32))
    image = Image.new(mode, (64, 32), 0)
    image.putalpha(mask)
    return image


def palette_with_transparency() -> bytes:
    image = Image.new("P", (64, 32), 1)
    image.putpalette([9, 9, 9, 0, 0, 0])
    image.paste(0, (0, 0, 32, 32))
    return png(image, transparency=0)


def color_key_transparency() -> bytes:
    image = Image.new("RGB", (64, 32))
    image.paste((9, 9, 9), (0, 0, 32, 32))
    return png(image, transparency=(9, 9, 9))


@pytest.mark.parametrize(
    "data",
    [
        png(half_transparent("RGB")),
        png(half_transparent("L")),
        webp(half_transparent("RGB"), lossless=True),
        palette_with_transparency(),
        color_key_transparency(),
    ],
    ids=["rgba", "gray and alpha", "webp", "palette", "color key"],
)
def test_transparent_parts_become_white(team: Team, bob: User, data: bytes):
    image = pixels(store_image(team=team, uploader=bob, file=upload(data)))

    assert is_near(image.getpixel((10, 16)), WHITE, by=3)
    assert is_near(image.getpixel((50, 16)), (0, 0, 0), by=3)


def test_it_scales_large_images_down_without_seams(team: Team, bob: User):
    gray = Image.linear_gradient("L").resize((5000, 3600), Image.Resampling.BICUBIC)

    asset = store_image(team=team, uploader=bob, file=upload(png(gray)))

    image = pixels(asset)
    whole = gray.convert("RGB").resize(image.size, Image.Resampling.LANCZOS)
    assert 11_900_000 < asset.width * asset.height <= 12_000_000
    assert max(abs(a - b) for a, b in zip(image.tobytes()[::97], whole.tobytes()[::97], strict=True)) <= 1


def test_it_accepts_photos_of_large_sensors(team: Team, bob: User):
    photo = sample_image(8000, 6000)

    asset = store_image(team=team, uploader=bob, file=upload(jpeg(photo, quality=60)))

    assert (asset.width, asset.height) == (4000, 3000)
    assert is_upright_sample(pixels(asset))


def test_it_stores_at_most_the_upload_limit_of_the_provider(team: Team, bob: User):
    grain = Image.effect_noise((3900, 3000), 120)
    noise = Image.merge("RGB", (grain, grain.transpose(0), grain.transpose(1)))

    asset = store_image(team=team, uploader=bob, file=upload(jpeg(noise, quality=50)))

    assert asset.mime == "image/jpeg"
    assert 1_000_000 < asset.bytes <= SUPPORT.image.upload_max_bytes


def test_it_uses_the_first_image_of_a_jpeg_with_two(team: Team, bob: User):
    target = io.BytesIO()
    sample_image().save(
        target, "MPO", save_all=True, append_images=[Image.new("RGB", (96, 64))], quality=95, subsampling=0
    )

    assert is_upright_sample(pixels(store_image(team=team, uploader=bob, file=upload(target.getvalue()))))


@pytest.mark.parametrize("size", [(1, 1), (12_000, 1), (1, 12_000)])
def test_it_accepts_extreme_shapes(team: Team, bob: User, size: tuple[int, int]):
    asset = store_image(team=team, uploader=bob, file=upload(png(Image.new("RGB", size))))

    assert (asset.width, asset.height) == size
    assert asset.placeholder


def test_it_makes_a_placeholder(team: Team, bob: User):
    grain = Image.effect_noise((300, 200), 150)
    noise = Image.merge("RGB", (grain, grain.transpose(0), grain.transpose(1)))
    for image in (sample_image(300, 200), noise):
        asset = store_image(team=team, uploader=bob, file=upload(png(image)))

        assert asset.placeholder.startswith("data:image/webp;base64,")
        assert len(asset.placeholder) <= 400


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "a\r\nSet-Cookie: x", "CON"])
def test_a_file_name_never_becomes_a_path(team: Team, bob: User, media_root: Path, name: str):
    file = upload(jpeg())
    file._name = name  # as if Django's form parser had not cleaned it

    asset = store_image(team=team, uploader=bob, file=file)

    files = [path for path in media_root.rglob("*") if path.is_file()]
    assert files == [media_root / asset.name]
    assert not set("/\\\r\n") & set(asset.original_name)


def test_the_same_upload_returns_the_same_asset(team: Team, bob: User, alice: User, media_root: Path):
    first = store_image(team=team, uploader=bob, file=upload(jpeg(), "one.jpg"))
    second = store_image(team=team, uploader=alice, file=upload(jpeg(), "two.jpg"))

    assert first == second
    assert second.original_name == "one.jpg"
    assert Asset.objects.count() == 1


def test_another_team_gets_its_own_asset(team: Team, other_team: Team, bob: User, charlie: User):
    ours = store_image(team=team, uploader=bob, file=upload(jpeg()))
    theirs = store_image(team=other_team, uploader=charlie, file=upload(jpeg()))

    assert ours != theirs
    assert ours.name != theirs.name


@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_uploads_of_the_same_bytes_create_one_asset(team: Team, bob: User, media_root: Path):
    start = threading.Barrier(5)

    def store(_: int) -> Asset:
        try:
            start.wait(30)
            return store_image(team=team, uploader=bob, file=upload(jpeg()))
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        assets = list(pool.map(store, range(10)))

    assert len(set(assets)) == Asset.objects.count() == 1
    assert [path for path in media_root.rglob("*") if path.is_file()] == [media_root / assets[0].name]


SEEDS = [
    jpeg(),
    jpeg(progressive=True),
    png(),
    png(icc_profile=swapped_profile()),
    webp(),
    webp(lossless=True),
    sixteen_bits(),
    turned(6),
    animated("PNG"),
    *with_metadata().values(),
]


@st.composite
def damaged_images(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 8))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=300)
@given(damaged_images())
def test_damaged_data_is_decoded_or_rejected(data: bytes):
    try:
        pixels = decode_image(data)
    except BadImageError:
        return
    assert pixels.image.mode == "RGB"
