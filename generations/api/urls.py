"""The addresses of the contract. Base URLs are written with and without a slash at the end: both forms answer."""

from django.urls import path, re_path

from .views.files import file
from .views.jobs import job
from .views.submissions import submit
from .views.uploads import create, put_bytes

urlpatterns = [
    re_path(r"^v2/image-to-video/?$", submit, name="image_to_video"),
    re_path(r"^v2/image-to-video/(?P<job_id>[^/]+)/?$", job, name="image_to_video_job"),
    re_path(r"^v1/upload/?$", create, name="upload"),
    path("v1/uploads/<uuid:upload_id>", put_bytes, name="upload_bytes"),
    path("v1/files/<str:token>/<str:name>", file, name="file"),
]
