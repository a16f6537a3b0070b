"""Reads, resizes and writes pictures with PIL, for the tests to compare with.

Standard input has JSON requests, one a line; a line of JSON answers each.
"""
import base64
import io
import json
import sys

from PIL import Image, ImageOps

FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS, "box": Image.BOX}


def answer(op, mode, data, size=None, box=None, filter=None, format=None, args=None):
    data = base64.b64decode(data)
    if op == "decode":
        image = Image.open(io.BytesIO(data))
        if image.format != "TIFF":  # whose orientation PIL applies on loading, and would again here
            image = ImageOps.exif_transpose(image)
        image = image.convert(mode)
    else:
        image = Image.frombytes(mode, size[:2], data)
    if op == "encode":
        if args and "tiffinfo" in args:
            args["tiffinfo"] = {int(tag): value for tag, value in args["tiffinfo"].items()}
        out = io.BytesIO()
        image.save(out, format, **(args or {}))
        return {"data": base64.b64encode(out.getvalue()).decode()}
    if op == "resize":
        image = image.crop(box).resize(size[2:], FILTERS[filter])
    return {"size": image.size, "data": base64.b64encode(image.tobytes()).decode()}


for line in sys.stdin:
    print(json.dumps(answer(**json.loads(line))), flush=True)
