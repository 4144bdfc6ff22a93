"""Holds manifests to the schemas of kubernetes and of the Gateway API: `check.py MODELS VERSIONS FILE...`.

MODELS is the unpacked npm package `@kubernetes-models/gateway-api`, made from the definitions that the
Gateway API itself gives out; each of its files holds one schema as a literal.
"""

import json
import pathlib
import re
import sys

import jsonschema
import kubernetes_validate
import yaml

models, versions, *files = sys.argv[1:]
GATEWAY = "gateway.networking.k8s.io/v1"


def strict(schema):
    """Without room for what the schema does not name: the real thing would drop it silently."""
    if isinstance(schema, dict):
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
        for value in schema.values():
            strict(value)
    if isinstance(schema, list):
        for value in schema:
            strict(value)
    return schema


def of_gateway_api(kind):
    text = (pathlib.Path(models) / GATEWAY / f"{kind}.js").read_text()
    schema = json.loads(re.search(r"const schema = (\{.*?\n\});", text, re.S).group(1))
    schema["properties"]["metadata"] = {"type": "object"}
    return jsonschema.Draft7Validator(strict(schema))


validators = {kind: of_gateway_api(kind) for kind in ("Gateway", "HTTPRoute")}
wrong = 0
seen = {}
for file in files:
    for manifest in yaml.safe_load_all(pathlib.Path(file).read_text()):
        kind = manifest["kind"]
        seen[kind] = seen.get(kind, 0) + 1
        told = []
        if manifest["apiVersion"] == GATEWAY:
            told = [f"{list(e.path)}: {e.message}" for e in validators[kind].iter_errors(manifest)]
        else:
            for version in versions.split(","):
                try:
                    kubernetes_validate.validate(manifest, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    told.append(f"{version}: {error.message}")
        for line in told:
            wrong += 1
            print(f"{file}: {kind} {manifest['metadata']['name']}: {line}", file=sys.stderr)
print(f"{len(files)} files: {', '.join(f'{count} {kind}' for kind, count in sorted(seen.items()))}")
sys.exit(wrong > 0)
