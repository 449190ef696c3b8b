"""Render images to an MP4 on the CPU. Frames are streamed, not collected; nothing here uses HTTP or jobs.

Time runs from 0 (first frame) to 1 (last frame). Images are `Planes`: 4:2:0 luma and chroma, BT.709, TV range.
"""
