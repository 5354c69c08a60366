import sys
from pathlib import Path

TRAINING = Path(__file__).parents[1]
sys.path[:0] = [str(TRAINING), str(TRAINING / "code_model")]
