"""Changes the colours of pictures and turns them with PIL, for the tests to compare with.

Standard input has JSON requests, one a line; a line of JSON answers each.
"""
import base64
import json
import sys

from PIL import Image, ImageEnhance

ENHANCE = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast, "saturation": ImageEnhance.Color}

for line in sys.stdin:
    request = json.loads(line)
    mode = {1: "L", 3: "RGB"}[request["c"]]
    image = Image.frombytes(mode, (request["w"], request["h"]), base64.b64decode(request["data"]))
    if request["op"] == "rotate":
        image = image.rotate(request["by"], Image.BILINEAR)
    else:
        image = ENHANCE[request["op"]](image).enhance(request["by"])
    print(json.dumps({"data": base64.b64encode(image.tobytes()).decode()}), flush=True)
