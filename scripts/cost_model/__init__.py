"""What a deployment costs a month, modelled: prices times assumptions. Run by ``scripts/costs.py``."""
