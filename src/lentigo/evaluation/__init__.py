"""How good a model is: metrics, their intervals, operating points, calibration, model cards."""
