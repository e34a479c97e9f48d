"""A client for the OCI distribution API that reads what an image is and never downloads a layer.

Needs the extra ``network``; nothing here is imported at synth.
"""
