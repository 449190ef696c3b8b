"""The URLs of the contract, with and without a trailing slash, because clients write base URLs both ways."""

from django.urls import path, re_path

from . import views

urlpatterns = [
    re_path(r"^v2/image-to-video/?$", views.submit, name="image_to_video"),
    re_path(r"^v2/image-to-video/(?P<job_id>[^/]+)/?$", views.job, name="image_to_video_job"),
    re_path(r"^v1/upload/?$", views.create_upload_url, name="upload"),
    path("v1/uploads/<uuid:upload_id>", views.put_bytes, name="upload_bytes"),
    path("v1/files/<str:token>/<str:name>", views.file, name="file"),
]
