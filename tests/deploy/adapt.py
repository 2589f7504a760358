"""The packaged template, expanded as AWS expands it, and adapted to the emulator.

    python adapt.py <packaged template> <adapted template>

`README.md` beside this lists what is changed, and why.
"""

import json
import platform
import re
import sys
from pathlib import Path

import boto3
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# What a function failed at comes back after this, and is a dead letter after five times: within seconds,
# and not within half an hour.
VISIBILITY_SECONDS = 3
# The emulator is one process on a machine that does everything else as well: it and the functions may take so many
# times as long as in AWS.
PATIENCE = 10


def main() -> None:
    packaged, adapted = map(Path, sys.argv[1:])
    template = yaml_parse(packaged.read_text())
    globals_ = template["Globals"]["Function"]
    globals_["Architectures"] = [{"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]]
    template = expanded(template)
    resources = template["Resources"]
    for name, resource in list(resources.items()):
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            spell_out(name, resources)
    for name, resource in list(resources.items()):
        # The emulator refuses a template that has an alarm on a sum of metrics.
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
            del resources[name]
    for resource in resources.values():
        if resource["Type"] == "AWS::SQS::Queue" and "VisibilityTimeout" in resource["Properties"]:
            resource["Properties"]["VisibilityTimeout"] = VISIBILITY_SECONDS
        if resource["Type"] == "AWS::Lambda::Function":
            properties = resource["Properties"]
            properties["Environment"]["Variables"]["AWS_ENDPOINT_PATIENCE"] = str(PATIENCE)
            properties["Timeout"] = min(properties["Timeout"] * PATIENCE, 900)
    adapted.write_text(json.dumps(template, indent=1))


def expanded(template: dict) -> dict:
    """What CloudFormation makes of it with `Transform: AWS::Serverless-2016-10-31`."""
    # No managed policy is named in the template: nothing is asked of IAM.
    nobody = boto3.client("iam", region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
    template = transform(template, {}, ManagedPolicyLoader(nobody))
    template.pop("Transform", None)
    return template


def spell_out(name: str, resources: dict) -> None:
    """The routes of an HTTP API's body as resources of their own."""
    api = resources[name]
    body = api["Properties"].pop("Body")
    api["Properties"].pop("FailOnWarnings", None)
    api["Properties"] |= {"Name": {"Ref": "AWS::StackName"}, "ProtocolType": "HTTP"}
    cors = body.pop("x-amazon-apigateway-cors", None)
    if cors:
        api["Properties"]["CorsConfiguration"] = {key[0].upper() + key[1:]: value for key, value in cors.items()}
    if set(body) - {"openapi", "info", "tags", "paths"}:
        sys.exit(f"the API's body: the adaption knows nothing of {sorted(body)}")
    ref = {"Ref": name}
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                sys.exit(f"{path}: the adaption knows nothing of {method}")
            integration = dict(operation.pop("x-amazon-apigateway-integration"))
            known = {"responses", "parameters"}
            if set(operation) - known:
                sys.exit(f"{method} {path}: the adaption knows nothing of {sorted(set(operation) - known)}")
            key = name + "Route" + re.sub(r"\W", "", f"{method.title()}{path.title()}")
            resources[key + "Integration"] = {
                "Type": "AWS::ApiGatewayV2::Integration",
                "Properties": {
                    "ApiId": ref,
                    "IntegrationType": integration.pop("type").upper(),
                    "IntegrationUri": integration.pop("uri"),
                    "PayloadFormatVersion": integration.pop("payloadFormatVersion"),
                    # The method by which API Gateway calls Lambda, whatever the route's.
                    "IntegrationMethod": integration.pop("httpMethod"),
                },
            }
            if integration:
                sys.exit(f"{method} {path}: the adaption knows nothing of {sorted(integration)}")
            resources[key] = {
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {
                    "ApiId": ref,
                    "RouteKey": f"{method.upper()} {path}",
                    "Target": {"Fn::Join": ["/", ["integrations", {"Ref": key + "Integration"}]]},
                },
            }


main()
