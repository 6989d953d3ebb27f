"""One file per concern. A component never reads the CDK context: it is given a `Stage` and what it joins."""
