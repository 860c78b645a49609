"""What a record keeps of a trained model beside its scores: answers, pictures, samples, texts."""
