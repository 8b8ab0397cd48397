// A client that @sap-cloud-sdk/generator made of $metadata: typed reads, expand, count, one row by key.
const { asc } = require('@sap-cloud-sdk/odata-common')
const [generated, root, token] = process.argv.slice(2)
const { muster } = require(`${generated}/muster/service.js`)
const address = new URL(root)
const destination = { url: address.origin, headers: { Authorization: `Bearer ${token}` } }
const path = address.pathname.replace(/\/$/, '')

async function run () {
  const { projectsApi, workItemsApi, costLinesApi } = muster()
  const { schema } = projectsApi
  const ask = request => request.setBasePath(path).execute(destination)
  const all = api => api.requestBuilder().getAll()
  const red = await ask(all(projectsApi).filter(schema.OVERALL.equals('RED')).orderBy(asc(schema.PROJECT_KEY))
    .select(schema.PROJECT_KEY, schema.AS_OF, schema.HEALTH))
  const [wide] = await ask(all(projectsApi).orderBy(asc(schema.PROJECT_KEY)).top(1).expand(schema.MILESTONES))
  const one = await ask(projectsApi.requestBuilder().getByKey(wide.projectId))
  const [line] = await ask(all(costLinesApi).orderBy(asc(costLinesApi.schema.EXTERNAL_ID)).top(1))
  return {
    red: red.map(row => [row.projectKey, row.asOf.format('YYYY-MM-DD'), row.health]),
    count: await ask(all(workItemsApi).count()),
    milestones: wide.milestones.length,
    same: one.projectKey === wide.projectKey,
    line: line.externalId,
    amount: line.amount.toString(),
    changed: line.changedAt.toISOString()
  }
}
run().then(found => console.log(JSON.stringify(found)))
