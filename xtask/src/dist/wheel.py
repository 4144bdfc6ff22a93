"""Packs a program into a wheel: `wheel.py PROGRAM VERSION METADATA FOLDER PLATFORMS`, platforms with dots between."""

import base64
import hashlib
import pathlib
import sys
import zipfile

program, version, metadata, folder, platforms = sys.argv[1:]
tags = "".join(f"Tag: py3-none-{platform}\n" for platform in platforms.split("."))
info = f"skep-{version}.dist-info"
files = {
    f"skep-{version}.data/scripts/skep": pathlib.Path(program).read_bytes(),
    f"{info}/METADATA": metadata.encode(),
    f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\n{tags}".encode(),
}
record = ""
for name, data in files.items():
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    record += f"{name},sha256={digest},{len(data)}\n"
record += f"{info}/RECORD,,\n"
files[f"{info}/RECORD"] = record.encode()
with zipfile.ZipFile(pathlib.Path(folder) / f"skep-{version}-py3-none-{platforms}.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
    for name, data in files.items():
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o100755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        wheel.writestr(entry, data)
