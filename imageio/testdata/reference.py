"""Reads, resizes and writes pictures with PIL, for the tests to compare with.

Standard input has JSON requests, one a line; a line of JSON answers each.
"""
import base64
import io
import json
import sys

from PIL import Image, ImageCms, ImageOps, PngImagePlugin

FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS, "box": Image.BOX}


def info(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    icc = image.info.get("icc_profile")
    tags = getattr(image, "tag_v2", {})
    return {
        "format": image.format,
        "mode": image.mode,
        "size": image.size,
        "text": {k: str(v) for k, v in getattr(image, "text", {}).items()},
        "profile": ImageCms.getProfileDescription(io.BytesIO(icc)).strip() if icc else "",
        "sampling": [list(layer[1:3]) for layer in getattr(image, "layer", [])],
        "quantization": [list(t) for _, t in sorted(getattr(image, "quantization", {}).items())],
        "software": tags.get(305, ""),
        "xmp": base64.b64encode(tags.get(700, b"")).decode(),
    }


def text(chunks):
    """A PNG with text chunks: each a kind, a key and a text."""
    info = PngImagePlugin.PngInfo()
    for kind, key, value in chunks:
        if kind == "iTXt":
            info.add_itxt(key, value, zip=False)
        elif kind == "iTXt compressed":
            info.add_itxt(key, value, zip=True)
        else:
            info.add_text(key, value, zip=kind == "zTXt")
    out = io.BytesIO()
    Image.new("RGB", (2, 3)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def animation(frames, format, **args):
    frames = [Image.frombytes(mode, size, base64.b64decode(data)) for mode, size, data in frames]
    out = io.BytesIO()
    frames[0].save(out, format, save_all=True, append_images=frames[1:], **args)
    return out.getvalue()


def to_srgb(mode, data, size, icc):
    image = Image.frombytes(mode, size, data)
    image = ImageCms.profileToProfile(
        image, io.BytesIO(base64.b64decode(icc)), ImageCms.createProfile("sRGB"), outputMode="RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC)
    return {"size": image.size, "data": base64.b64encode(image.tobytes()).decode()}


def answer(op, mode, data, size=None, box=None, filter=None, format=None, args=None):
    data = base64.b64decode(data) if data else b""
    if op == "info":
        return info(data)
    if op == "text":
        return {"data": base64.b64encode(text(args["chunks"])).decode()}
    if op == "animation":
        return {"data": base64.b64encode(animation(**args)).decode()}
    if op == "to_srgb":
        return to_srgb(mode, data, size, args["icc"])
    if op == "decode":
        image = Image.open(io.BytesIO(data))
        if image.format != "TIFF":  # whose orientation PIL applies on loading, and would again here
            image = ImageOps.exif_transpose(image)
        image = image.convert(mode)
    else:
        image = Image.frombytes(mode, size[:2], data)
    if op == "encode":
        if args and "icc_profile" in args:
            args["icc_profile"] = base64.b64decode(args["icc_profile"])
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
