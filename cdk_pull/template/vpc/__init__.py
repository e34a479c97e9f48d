"""The network of an assembly, read into the plain data of :mod:`cdk_pull.network`."""
