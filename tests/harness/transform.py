"""Transforms a SAM template into the CloudFormation template that is deployed.

In, JSON on stdin: {"template": "/path/of/template.yaml"}
Out, JSON on stdout: the transformed template.

The official translator does it, as in AWS, without AWS: no network, no credentials.
"""

import json
import os
import sys

# Asked for at import; nothing is called there.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

given = json.load(sys.stdin)
with open(given["template"], encoding="utf-8") as file:
    template = yaml_parse(file.read())

# What `sam deploy` does before: it uploads the code and puts in where it is. Here its key is the function's name.
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        name = resource["Properties"]["CodeUri"].rstrip("/").rsplit("/", 1)[1]
        resource["Properties"]["CodeUri"] = f"s3://artifacts/{name}"


class Partition:
    """Answers what the translator would ask AWS: in which region it is."""

    region_name = "eu-west-1"


# Names of managed policies and their ARNs; the platform's own ones for logs, tracing and queues are
# known to the translator, and the template names no others.
transformed = Translator({}, Parser(), boto_session=Partition()).translate(template, {})
json.dump(transformed, sys.stdout)
