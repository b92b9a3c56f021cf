"""The simulated RouterOS router; ../routeros.py is the entry point and the manual."""
