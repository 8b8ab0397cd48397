// npm @odata/client: filters built by its own builder, count, one row by key, and a batch.
const { OData } = require('@odata/client')
const [root, token] = process.argv.slice(2)
const client = OData.New4({ serviceEndpoint: root, commonHeaders: { Authorization: `Bearer ${token}` } })

async function run () {
  const projects = client.getEntitySet('Projects')
  const filter = OData.newFilter().property('Overall').eq('RED')
  const red = await projects.query(
    client.newParam().filter(filter).select(['ProjectKey', 'Health']).orderby('ProjectKey', 'asc'))
  const count = await projects.count()
  const portfolios = client.getEntitySet('Portfolios')
  const [first] = await portfolios.query(client.newParam().top(1))
  const one = await portfolios.retrieve(first.PortfolioId)
  const batched = await client.execBatchRequests([
    client.newBatchRequest({ collection: 'Projects', method: 'GET', params: client.newParam().top(2).select('ProjectKey') }),
    client.newBatchRequest({ collection: 'Nothing', method: 'GET', params: client.newParam().top(1) })
  ])
  const answers = await Promise.all(batched.map(async answer => [answer.status, await answer.json()]))
  return { red, count, same: one.PortfolioKey === first.PortfolioKey, answers }
}
run().then(found => console.log(JSON.stringify(found)))
