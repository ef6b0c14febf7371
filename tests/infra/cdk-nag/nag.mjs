// Checks templates with cdk-nag: node nag.mjs TEMPLATE... writes [{template, resource, rule, message}] as JSON.
// Waivers are not looked at here: tests/infra/waivers.py compares them with what is found.
import { App, Stack } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { AwsSolutionsChecks } from "cdk-nag";

/** What the pack finds in one included template. */
function violations(pack, template, stack) {
  return pack.validateScope(stack).violations.flatMap((violation) =>
    violation.violatingResources.map((resource) => ({
      template,
      resource: resource.constructPath.split("/").at(-1),
      rule: violation.ruleName,
      message: violation.description,
    })),
  );
}

function check(file) {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, "Stack");
  new CfnInclude(stack, "Template", { templateFile: file });
  return violations(new AwsSolutionsChecks(app, { verbose: true }), file, stack);
}

process.stdout.write(JSON.stringify(process.argv.slice(2).flatMap(check)));
