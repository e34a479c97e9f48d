"""What every construct shares and only jsii needs."""
