#!/usr/bin/env bash
# Trains the demo model from nothing, exports it for both engines and scores it.
#
#   packages/engine-embedded/training/train.sh [minutes for the denoiser, default 60]
#
# Needs two cores, 4 GB of memory, no GPU and no data; about an hour and a half on an idle
# machine. Every stage keeps checkpoints in .cache beside this file (GENFLEET_TRAINING_DIR
# names another folder) and goes on from them when started again; a finished stage is skipped.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
minutes=${1:-60}
venv=$(../../../tools/provision/python-torch.sh --training | tail -n 1)
work=${GENFLEET_TRAINING_DIR:-$PWD/.cache}
export OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 PYTHONWARNINGS=ignore GENFLEET_TRAINING_DIR=$work

python() { nice -n 10 "$venv/bin/python" "$@"; }

stage() { # name, command ...
  local name=$1
  shift
  if [ -e "$work/$name.done" ]; then
    echo "== $name: done before"
    return
  fi
  echo "== $name"
  "$@"
  touch "$work/$name.done"
}

mkdir -p "$work"
stage vae python train_vae.py --steps 4500
stage text python train_text.py --steps 2500
stage latents python make_latents.py --scenes 33000
stage unet python train_unet.py --minutes "$minutes"
stage decoder python train_vae.py --decoder-only --steps 1000

echo '== export'
python export_diffusers.py
python fit_latent_rgb.py
python export_onnx.py
python make_reference.py
echo '== scores over 200 unseen prompts'
python evaluate.py draw "$work/evaluation"
