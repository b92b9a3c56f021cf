"""The parts of the simulated Midtrans (manual: ../midtrans.py)."""
