"""How members meet the devices of a process, chosen by measuring, within the memory there is."""
