"""From stills to an MP4 on the CPU. Frames are streamed, never held; nothing here knows HTTP or jobs.

Time runs from 0 (first frame) to 1 (last frame). Pictures are `Planes`: 4:2:0 luma and chroma, BT.709, TV range.
"""
