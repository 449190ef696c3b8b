"""The local engine: an HTTP server that speaks the image-to-video contract and renders on the CPU.

It is a preview engine, not a generative model: it moves a camera over the image and does not read the prompt. With it
the product works without a provider key. Every file that it writes carries a label that says so.

- `server`: settings, start and stop of the process (`python -m generations.engine`)
- `app`, `http`: the routes, errors, request bodies and video downloads
- `submission`, `fetch`: validate a submit, read its images, store the job
- `jobs`, `uploads`, `disk`: what is stored, and how it survives a power cut
- `images`: from the bytes of an image to a decoded, upright sRGB picture
- `pool`, `worker`: the render processes and the pipes that control them
- `render/`: from images to an MP4; uses no HTTP and no jobs
"""
