"""Use a trained model: engines, segmenter, classifier, the analyzer that joins them, batches."""
