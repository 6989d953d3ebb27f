"""`sodate doctor`: proves a deployment from outside, without changing it unless asked to send or to ring."""
