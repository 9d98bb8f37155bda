"""Deep networks as baselines: trained on the source instrument, adapted to the standards of the target."""

from .cnn import CNNTransfer
from .lora_ct import LoRACT
from .transformer import TransformerTransfer

__all__ = ["CNNTransfer", "LoRACT", "TransformerTransfer"]
