"""Pictures to upload."""

from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def picture(width: int = 320, height: int = 180, *, name: str = "still.png", kind: str = "PNG") -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", (width, height), (40, 90, 160)).save(content, kind)
    return SimpleUploadedFile(name, content.getvalue())
