import { dependable, TerraformResource } from 'cdktf';

/**
 * Renders a resource that waits for others which are known when nothing can be added any more. cdktf drops a `depends_on` among the attributes.
 *
 * @param render the resource's own `toTerraform`
 */
export function withDependencies(resource: TerraformResource, dependencies: TerraformResource[], render: () => object): object {
  const predecessors = [...new Set(dependencies)].filter((other) => other !== resource);
  const added = predecessors.map((other) => dependable(other));
  const given = resource.dependsOn;
  resource.dependsOn = [...(given ?? []), ...added];
  try {
    return render();
  } finally {
    resource.dependsOn = given;
  }
}
