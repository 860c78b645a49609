"""From an arm to trained members: settings, splits, layout, training."""
