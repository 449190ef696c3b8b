"""The local engine: an HTTP server that speaks the image-to-video contract and renders on the CPU.

A preview engine, not a generative model: it moves a camera over the still and reads no prompt. It exists so that the
product runs whole without a provider key, and it says so in every file it writes.

- `server`, `app`: one ASGI process (`python -m generations.engine`), its routes, its stop
- `submission`: a submit from key and body to a job on disk
- `jobs`, `uploads`, `disk`: what is stored, and how it survives a power cut
- `sources`, `fetch`, `images`: from an image URI to a decoded, upright sRGB picture
- `pool`, `worker`: the render processes and the pipe that leads them
- `render/`: from pictures to an MP4; knows no HTTP
"""
