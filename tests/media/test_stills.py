"""What is taken as a still, and what is left of it in the storage."""

import hashlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image

from generations.accounts.models import Team, User
from generations.contract.support import SUPPORT
from generations.media.models import Asset
from generations.media.stills import BadStillError, store_still
from generations.media.storages import media_storage
from tests.media.pictures import (
    BAD,
    HTML,
    SECRET,
    jpeg,
    picture,
    png,
    sixteen_bits,
    swapped_profile,
    turned,
    webp,
    with_metadata,
)

pytestmark = pytest.mark.usefixtures("media_root")

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)
WHITE = (255, 255, 255)


def upload(data: bytes, name: str = "still.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def stored(asset: Asset) -> bytes:
    with media_storage().open(asset.name) as file:
        return file.read()


def pixels(asset: Asset) -> Image.Image:
    image = Image.open(io.BytesIO(stored(asset)))
    image.load()
    assert image.mode == "RGB"
    return image


def is_near(colour: tuple[int, ...], wanted: tuple[int, ...], by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(colour, wanted, strict=True))


def looks_right(image: Image.Image) -> bool:
    """Whether it is `pictures.picture()`, upright."""
    width, height = image.size
    left, right = image.getpixel((width // 4, height // 2)), image.getpixel((3 * width // 4, height // 2))
    top = image.getpixel((width // 2, height // 12))
    return is_near(left, RED) and is_near(right, BLUE) and is_near(top, GREEN)


@pytest.mark.parametrize(
    ("data", "mime"), [(jpeg(), "image/jpeg"), (png(), "image/png"), (webp(quality=95), "image/jpeg")]
)
def test_it_keeps_a_still(team: Team, bob: User, data: bytes, mime: str):
    asset = store_still(team=team, uploader=bob, file=upload(data))

    asset.refresh_from_db()
    content = stored(asset)
    assert (asset.team, asset.uploader, asset.kind, asset.mime) == (team, bob, "still", mime)
    assert (asset.width, asset.height) == (96, 64)
    assert asset.bytes == len(content)
    assert asset.sha256 == hashlib.sha256(content).hexdigest()
    assert asset.name == f"teams/{team.pk}/stills/{asset.sha256[:2]}/{asset.sha256}.{mime[6:].replace('jpeg', 'jpg')}"
    assert looks_right(pixels(asset))


def test_it_keeps_every_pixel_of_a_png(team: Team, bob: User):
    asset = store_still(team=team, uploader=bob, file=upload(png()))

    assert pixels(asset).tobytes() == picture().tobytes()


@pytest.mark.parametrize("case", BAD)
def test_it_refuses_with_a_reason_and_keeps_nothing(team: Team, bob: User, media_root: Path, case: str):
    make, reason = BAD[case]

    with pytest.raises(BadStillError, match=reason) as refusal:
        store_still(team=team, uploader=bob, file=upload(make()))

    assert refusal.value.message.endswith(".")
    assert not Asset.objects.exists()
    assert not media_root.exists()


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_it_forgets_where_and_by_whom_it_was_taken(team: Team, bob: User, kind: str):
    data = with_metadata()[kind]
    assert SECRET in data

    asset = store_still(team=team, uploader=bob, file=upload(data))

    content = stored(asset)
    assert SECRET not in content
    assert b"Exif" not in content
    image = Image.open(io.BytesIO(content))
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_it_drops_what_hangs_on_a_picture(team: Team, bob: User):
    polyglot = jpeg(comment=HTML) + HTML + b"PK\x03\x04archive"

    asset = store_still(team=team, uploader=bob, file=upload(polyglot, "picture.html"))

    assert HTML not in stored(asset)
    assert b"PK\x03\x04" not in stored(asset)
    assert asset.mime == "image/jpeg"
    assert asset.name.endswith(".jpg")


@pytest.mark.parametrize("orientation", range(2, 9))
def test_it_turns_pictures_upright(team: Team, bob: User, orientation: int):
    asset = store_still(team=team, uploader=bob, file=upload(turned(orientation)))

    assert (asset.width, asset.height) == (96, 64)
    assert looks_right(pixels(asset))


def test_it_follows_the_colour_profile(team: Team, bob: User):
    asset = store_still(team=team, uploader=bob, file=upload(png(icc_profile=swapped_profile())))

    image = pixels(asset)
    assert is_near(image.getpixel((24, 40)), BLUE, by=40)
    assert is_near(image.getpixel((72, 40)), RED, by=40)
    assert "icc_profile" not in image.info


def test_it_ignores_a_broken_colour_profile(team: Team, bob: User):
    asset = store_still(team=team, uploader=bob, file=upload(png(icc_profile=b"no profile")))

    assert looks_right(pixels(asset))


@pytest.mark.parametrize(
    "data",
    [
        jpeg(picture().convert("CMYK")),
        jpeg(progressive=True),
        png(picture().quantize(16)),
        webp(lossless=True),
    ],
    ids=["cmyk jpeg", "progressive jpeg", "palette png", "lossless webp"],
)
def test_it_reads_every_kind_of_pixel(team: Team, bob: User, data: bytes):
    image = pixels(store_still(team=team, uploader=bob, file=upload(data)))

    assert is_near(image.getpixel((24, 40)), RED, by=30)
    assert is_near(image.getpixel((72, 40)), BLUE, by=30)


def test_it_scales_sixteen_bits_to_eight(team: Team, bob: User):
    image = pixels(store_still(team=team, uploader=bob, file=upload(sixteen_bits())))

    assert [image.getpixel((x, 8)) for x in (0, 63)] == [(0, 0, 0), WHITE]
    assert is_near(image.getpixel((32, 8)), (130, 130, 130), by=2)


def see_through(mode: str) -> Image.Image:
    """Black, and nothing at all on the left half."""
    mask = Image.new("L", (64, 32), 255)
    mask.paste(0, (0, 0, 32, 32))
    image = Image.new(mode, (64, 32), 0)
    image.putalpha(mask)
    return image


def palette_with_a_hole() -> bytes:
    image = Image.new("P", (64, 32), 1)
    image.putpalette([9, 9, 9, 0, 0, 0])
    image.paste(0, (0, 0, 32, 32))
    return png(image, transparency=0)


def one_colour_as_hole() -> bytes:
    image = Image.new("RGB", (64, 32))
    image.paste((9, 9, 9), (0, 0, 32, 32))
    return png(image, transparency=(9, 9, 9))


@pytest.mark.parametrize(
    "data",
    [
        png(see_through("RGB")),
        png(see_through("L")),
        webp(see_through("RGB"), lossless=True),
        palette_with_a_hole(),
        one_colour_as_hole(),
    ],
    ids=["rgba", "grey and alpha", "webp", "palette", "colour key"],
)
def test_it_puts_transparent_pictures_on_white(team: Team, bob: User, data: bytes):
    image = pixels(store_still(team=team, uploader=bob, file=upload(data)))

    assert is_near(image.getpixel((10, 16)), WHITE, by=3)
    assert is_near(image.getpixel((50, 16)), (0, 0, 0), by=3)


def test_it_scales_large_pictures_down_without_seams(team: Team, bob: User):
    grey = Image.linear_gradient("L").resize((5000, 3600), Image.Resampling.BICUBIC)

    asset = store_still(team=team, uploader=bob, file=upload(png(grey)))

    image = pixels(asset)
    whole = grey.convert("RGB").resize(image.size, Image.Resampling.LANCZOS)
    assert 11_900_000 < asset.width * asset.height <= 12_000_000
    assert max(abs(a - b) for a, b in zip(image.tobytes()[::97], whole.tobytes()[::97], strict=True)) <= 1


def test_it_takes_the_photos_of_large_sensors(team: Team, bob: User):
    photo = picture(8000, 6000)

    asset = store_still(team=team, uploader=bob, file=upload(jpeg(photo, quality=60)))

    assert (asset.width, asset.height) == (4000, 3000)
    assert looks_right(pixels(asset))


def test_it_keeps_within_what_the_provider_takes(team: Team, bob: User):
    grain = Image.effect_noise((3900, 3000), 120)
    noise = Image.merge("RGB", (grain, grain.transpose(0), grain.transpose(1)))

    asset = store_still(team=team, uploader=bob, file=upload(jpeg(noise, quality=50)))

    assert asset.mime == "image/jpeg"
    assert 1_000_000 < asset.bytes <= SUPPORT.image.upload_max_bytes


def test_it_takes_the_first_picture_of_a_phones_double_jpeg(team: Team, bob: User):
    target = io.BytesIO()
    picture().save(target, "MPO", save_all=True, append_images=[Image.new("RGB", (96, 64))], quality=95, subsampling=0)

    assert looks_right(pixels(store_still(team=team, uploader=bob, file=upload(target.getvalue()))))


@pytest.mark.parametrize("size", [(1, 1), (12_000, 1), (1, 12_000)])
def test_it_survives_odd_shapes(team: Team, bob: User, size: tuple[int, int]):
    asset = store_still(team=team, uploader=bob, file=upload(png(Image.new("RGB", size))))

    assert (asset.width, asset.height) == size
    assert asset.placeholder


def test_it_makes_a_placeholder_that_shows_the_picture(team: Team, bob: User):
    grain = Image.effect_noise((300, 200), 150)
    noise = Image.merge("RGB", (grain, grain.transpose(0), grain.transpose(1)))
    for image in (picture(300, 200), noise):
        asset = store_still(team=team, uploader=bob, file=upload(png(image)))

        assert asset.placeholder.startswith("data:image/webp;base64,")
        assert len(asset.placeholder) <= 400


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "a\r\nSet-Cookie: x", "CON"])
def test_names_never_become_paths(team: Team, bob: User, media_root: Path, name: str):
    file = upload(jpeg())
    file._name = name  # past the cleaning of Django's form parser

    asset = store_still(team=team, uploader=bob, file=file)

    kept = [path for path in media_root.rglob("*") if path.is_file()]
    assert kept == [media_root / asset.name]
    assert not set("/\\\r\n") & set(asset.original_name)


def test_the_same_upload_gives_the_same_asset(team: Team, bob: User, alice: User, media_root: Path):
    first = store_still(team=team, uploader=bob, file=upload(jpeg(), "one.jpg"))
    second = store_still(team=team, uploader=alice, file=upload(jpeg(), "two.jpg"))

    assert first == second
    assert second.original_name == "one.jpg"
    assert Asset.objects.count() == 1


def test_another_team_gets_an_asset_of_its_own(team: Team, other_team: Team, bob: User, charlie: User):
    ours = store_still(team=team, uploader=bob, file=upload(jpeg()))
    theirs = store_still(team=other_team, uploader=charlie, file=upload(jpeg()))

    assert ours != theirs
    assert ours.name != theirs.name


@pytest.mark.django_db(transaction=True)
def test_the_same_upload_ten_times_at_once_gives_one_asset(team: Team, bob: User, media_root: Path):
    start = threading.Barrier(5)

    def store(_: int) -> Asset:
        try:
            start.wait(30)
            return store_still(team=team, uploader=bob, file=upload(jpeg()))
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        assets = list(pool.map(store, range(10)))

    assert len(set(assets)) == Asset.objects.count() == 1
    assert [path for path in media_root.rglob("*") if path.is_file()] == [media_root / assets[0].name]
