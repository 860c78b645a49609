"""Three small samples whose statistics were computed elsewhere, to many digits."""

import numpy as np

A = np.array([97.1, 97.4, 96.9, 97.6, 97.3, 97.0, 97.5, 97.2])
B = np.array([96.8, 97.2, 96.9, 97.1, 97.0, 96.6, 97.2, 97.1])
C = np.array([97.0, 97.5, 96.7, 97.4, 97.4, 96.9, 97.6, 97.0])
