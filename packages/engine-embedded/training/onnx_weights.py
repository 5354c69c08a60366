"""Stores an ONNX file's weights in fewer bytes; the arithmetic stays 32-bit.

Large weights become int8 with one scale per output channel, small ones half
precision. A Cast (and a Mul with the scales) in front of each brings them back;
onnxruntime folds these once at load, so nothing is slower.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALLEST_STORED = 64  # smaller tensors stay as they are
SMALLEST_INT8 = 2048


def int8_with_scales(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    axes = tuple(range(1, array.ndim))
    scales = np.maximum(np.abs(array).max(axis=axes, keepdims=True), 1e-8) / 127
    return np.rint(array / scales).astype(np.int8), scales.astype(np.float32)


def _stored(name: str, array: np.ndarray, int8: bool) -> tuple[list, list]:
    """Initializers and nodes that give `name` its value back."""
    if int8 and array.ndim >= 2 and array.size >= SMALLEST_INT8:
        values, scales = int8_with_scales(array)
        initializers = [
            numpy_helper.from_array(values, f"{name}.int8"),
            numpy_helper.from_array(scales, f"{name}.scales"),
        ]
        nodes = [
            helper.make_node("Cast", [f"{name}.int8"], [f"{name}.float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.float", f"{name}.scales"], [name]),
        ]
        return initializers, nodes
    half = numpy_helper.from_array(array.astype(np.float16), f"{name}.half")
    return [half], [helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT)]


def shrink_weights(source: Path, target: Path, *, int8: bool) -> None:
    model = onnx.load(source)
    graph, nodes = model.graph, []
    for initializer in list(graph.initializer):
        array = numpy_helper.to_array(initializer)
        if initializer.data_type != TensorProto.FLOAT or array.size < SMALLEST_STORED:
            continue
        graph.initializer.remove(initializer)
        stored, restoring = _stored(initializer.name, array, int8)
        graph.initializer.extend(stored)
        nodes.extend(restoring)
    for position, node in enumerate(nodes):
        graph.node.insert(position, node)
    # Shapes and notes that the exporter leaves behind are a fifth of the file.
    del graph.value_info[:]
    del model.functions[:]
    del model.metadata_props[:]
    model.doc_string = graph.doc_string = ""
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(model)
    onnx.save(model, target)
