"""Sampler names and the Diffusers schedulers they stand for."""

import re
from typing import Any

import diffusers

from .faults import ModelFault

# name -> (class in diffusers, keyword arguments over the checkpoint's own scheduler configuration)
SAMPLERS: dict[str, tuple[str, dict[str, object]]] = {
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "ddim": ("DDIMScheduler", {}),
    "ddpm": ("DDPMScheduler", {}),
    "deis": ("DEISMultistepScheduler", {}),
    "dpm2": ("KDPM2DiscreteScheduler", {}),
    "dpm2_a": ("KDPM2AncestralDiscreteScheduler", {}),
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "dpmpp_2m_karras": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True},
    ),
    "dpmpp_2m_sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "dpmpp_2m_sde_karras": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True},
    ),
    "heun": ("HeunDiscreteScheduler", {}),
    "lms": ("LMSDiscreteScheduler", {}),
    "lms_karras": ("LMSDiscreteScheduler", {"use_karras_sigmas": True}),
    "pndm": ("PNDMScheduler", {"skip_prk_steps": True}),
    "unipc": ("UniPCMultistepScheduler", {}),
}

# What a sampler is called by models of rectified flow, such as Stable Diffusion 3 and Flux.
FLOW_CLASSES = {"EulerDiscreteScheduler": "FlowMatchEulerDiscreteScheduler"}

ALIASES: dict[str, str] = {
    "euler_ancestral": "euler_a",
    "k_euler": "euler",
    "k_euler_a": "euler_a",
    "k_euler_ancestral": "euler_a",
    "k_heun": "heun",
    "k_lms": "lms",
    "k_dpm_2": "dpm2",
    "k_dpm_2_a": "dpm2_a",
    "k_dpmpp_2m": "dpmpp_2m",
    "plms": "pndm",
    "dpm_solver_multistep": "dpmpp_2m",
    "dpmsolver_multistep": "dpmpp_2m",
    "uni_pc": "unipc",
}


def canonical_sampler(name: str) -> str | None:
    """The table's name for a spelling ("DPM++ 2M Karras", "Euler a", "k_euler"), or None."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower().replace("+", "p")).strip("_")
    plain = ALIASES.get(plain, plain)
    return plain if plain in SAMPLERS else None


def scheduler_for(sampler: str, own: Any) -> Any:
    """A fresh scheduler for one generation, configured as the checkpoint asks.

    ``own`` is the scheduler the pipeline was loaded with; it is read and never changed, so that
    one request's sampler leaves nothing behind for the next.
    Raises ModelFault(invalid_settings) if the model was trained for another family of schedulers.
    """
    fitting = {cls.__name__ for cls in own.compatibles} | {type(own).__name__}
    class_name, overrides = _class_of(sampler, own), SAMPLERS[sampler][1]
    if class_name not in fitting:
        offered = [name for name in SAMPLERS if _class_of(name, own) in fitting]
        message = f"this model cannot be sampled with {sampler}; it takes: {', '.join(offered)}"
        raise ModelFault(
            "invalid_settings", message, faults=[{"path": "sampler_name", "message": message}]
        )
    return getattr(diffusers, class_name).from_config(own.config, **overrides)


def _class_of(sampler: str, own: Any) -> str:
    class_name, _ = SAMPLERS[sampler]
    is_flow = type(own).__name__ in FLOW_CLASSES.values()
    return FLOW_CLASSES.get(class_name, class_name) if is_flow else class_name
