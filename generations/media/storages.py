from django.core.files.storage import FileSystemStorage
from storages.backends.s3 import S3Storage as _S3Storage


class FileStorage(FileSystemStorage):
    pass


class S3Storage(_S3Storage):
    pass
