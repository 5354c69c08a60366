"""Writes Triton's service as .proto texts, out of the compiled modules of PyPI's tritonclient.

    python3 -m venv /tmp/protos
    /tmp/protos/bin/python -m pip install 'tritonclient[grpc]==2.73.0'
    /tmp/protos/bin/python packages/engine-triton/proto/make_protos.py
    node packages/engine-triton/proto/make-descriptors.ts

The wheel has no .proto files; its compiled modules hold everything but the comments. They are NVIDIA's
under BSD-3, see LICENSE beside this file.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from google.protobuf import descriptor_pb2 as descriptors
from tritonclient.grpc import model_config_pb2, service_pb2

HERE = Path(__file__).resolve().parent
FIELD = descriptors.FieldDescriptorProto
SCALARS = {number: name[len("TYPE_") :].lower() for name, number in FIELD.Type.items()}
NOTICE = """// Copyright 2018-2025, NVIDIA CORPORATION & AFFILIATES. All rights reserved.
// Redistributed under BSD-3, see LICENSE beside this file. The inference protocol is KServe's.
// Made by make_protos.py out of tritonclient {version}; not edited by hand.
"""


def type_of(field) -> str:
    """A message or enum by its full name, else the scalar's."""
    return field.type_name if field.type in (FIELD.TYPE_MESSAGE, FIELD.TYPE_ENUM) else SCALARS[field.type]


def field_line(field, maps) -> str:
    """`repeated T name = 1;`, with entries of maps put back into `map<K, V>`."""
    entry = maps.get(field.type_name.rsplit(".", 1)[-1])
    if entry and field.type == FIELD.TYPE_MESSAGE and field.label == FIELD.LABEL_REPEATED:
        key, value = entry.field
        return f"map<{type_of(key)}, {type_of(value)}> {field.name} = {field.number};"
    label = (
        "repeated " if field.label == FIELD.LABEL_REPEATED else "optional " if field.proto3_optional else ""
    )
    return f"{label}{type_of(field)} {field.name} = {field.number};"


def enum_lines(enum) -> list[str]:
    """One enum."""
    return [f"enum {enum.name} {{", *(f"  {value.name} = {value.number};" for value in enum.value), "}"]


def message_lines(message) -> list[str]:
    """One message with what is nested in it."""
    maps = {nested.name: nested for nested in message.nested_type if nested.options.map_entry}
    inside: list[str] = []
    for enum in message.enum_type:
        inside += enum_lines(enum)
    for nested in message.nested_type:
        if nested.name not in maps:
            inside += message_lines(nested)
    plain = [field for field in message.field if not field.HasField("oneof_index") or field.proto3_optional]
    inside += [field_line(field, maps) for field in plain]
    for index, oneof in enumerate(message.oneof_decl):
        fields = [field for field in message.field if field not in plain and field.oneof_index == index]
        if fields:
            inside += [f"oneof {oneof.name} {{", *(f"  {field_line(field, maps)}" for field in fields), "}"]
    return [f"message {message.name} {{", *(f"  {line}" for line in inside), "}"]


def service_lines(service) -> list[str]:
    """One service."""
    lines = [f"service {service.name} {{"]
    for rpc in service.method:
        given = f"{'stream ' if rpc.client_streaming else ''}{rpc.input_type}"
        answered = f"{'stream ' if rpc.server_streaming else ''}{rpc.output_type}"
        lines.append(f"  rpc {rpc.name}({given}) returns ({answered}) {{}}")
    return [*lines, "}"]


def text_of(module) -> tuple[str, str]:
    """Name and text of one file."""
    file = descriptors.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(file)
    lines = [NOTICE.format(version=version("tritonclient")), 'syntax = "proto3";', f"package {file.package};"]
    lines += [f'import "{Path(needed).name}";' for needed in file.dependency]
    for enum in file.enum_type:
        lines += ["", *enum_lines(enum)]
    for message in file.message_type:
        lines += ["", *message_lines(message)]
    for service in file.service:
        lines += ["", *service_lines(service)]
    return Path(file.name).name, "\n".join(lines) + "\n"


for module in (model_config_pb2, service_pb2):
    name, text = text_of(module)
    (HERE / name).write_text(text)
    print(f"{name}: {text.count(chr(10))} lines")
