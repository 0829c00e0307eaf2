"""The latent evolver: activity of N neurons predicted through L << N numbers.

Encoder, evolver and decoder of LatentEvolution (saalfeldlab/NeuralGraph) as Keras
layers, trained on recordings. Shapes: B batch, T steps, N neurons, L latent numbers, S
stimulus inputs, E numbers of an encoded frame.
"""
