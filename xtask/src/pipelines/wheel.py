"""Packs a program into a wheel, as the release would: `wheel.py PROGRAM VERSION FOLDER`."""

import base64
import hashlib
import pathlib
import sys
import sysconfig
import zipfile

program, version, folder = sys.argv[1:]
platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
tag = f"py3-none-{platform}"
info = f"skep-{version}.dist-info"
files = {
    f"skep-{version}.data/scripts/skep": pathlib.Path(program).read_bytes(),
    f"{info}/METADATA": f"Metadata-Version: 2.1\nName: skep\nVersion: {version}\n".encode(),
    f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
}
record = ""
for name, data in files.items():
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    record += f"{name},sha256={digest},{len(data)}\n"
record += f"{info}/RECORD,,\n"
files[f"{info}/RECORD"] = record.encode()
with zipfile.ZipFile(pathlib.Path(folder) / f"skep-{version}-{tag}.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
    for name, data in files.items():
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o100755 << 16
        wheel.writestr(entry, data)
