#!/usr/bin/env bash
# Trains the code model from nothing, exports it for the embedded engine and measures it.
#
#   packages/engine-embedded/training/code_model/train.sh [minutes, default 75]
#
# Needs one core, 2 GB of memory, no GPU, and PyPI for the packages it learns from. It keeps
# a checkpoint in ../.cache (GENFLEET_TRAINING_DIR names another folder) and goes on from it
# when started again; a finished stage is skipped.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
minutes=${1:-75}
venv=$(../../../../tools/provision/python-torch.sh --training | tail -n 1)
export GENFLEET_TRAINING_DIR=${GENFLEET_TRAINING_DIR:-$(cd .. && pwd)/.cache}
export OMP_NUM_THREADS=1 PYTHONWARNINGS=ignore
work=$GENFLEET_TRAINING_DIR/code_model

python() { nice -n 15 "$venv/bin/python" "$@"; }

mkdir -p "$work"
[ -e "$work/corpus.json" ] || python corpus.py
[ -e "$work/tokenizer.json" ] || python bpe.py
python train.py --cpu-minutes "$minutes" --wall-minutes "$minutes"
python export.py
python evaluate.py
