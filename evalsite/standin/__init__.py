"""A stand-in for the services of image models, for development and tests.

A small server on loopback that speaks the protocols of Gemini, Imagen and OpenAI to their
unmodified SDKs, draws deterministic pictures, and fails on demand. It knows no Django.
"""
