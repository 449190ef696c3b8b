"""The image-to-video contract as our own API: `/v2/image-to-video`, `/v1/upload` and the files of results."""
