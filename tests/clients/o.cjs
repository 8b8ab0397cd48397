// npm o.js: a filtered, sorted, expanded read, and all pages of a set by its next links.
const { o } = require('o.js')
const [root, token] = process.argv.slice(2)
const service = o(root, { headers: { Authorization: `Bearer ${token}` } })

async function run () {
  const red = await service.get('Projects').query({
    $filter: "Overall eq 'RED'", $select: 'ProjectKey,AsOf', $orderby: 'ProjectKey desc', $expand: 'Milestones($select=MilestoneName;$orderby=ExternalId;$top=2)'
  })
  const keys = []
  let address = 'WorkItems?$select=WorkItemKey'
  while (address) {
    const page = await (await service.get(address).fetch()).json()
    keys.push(...page.value.map(row => row.WorkItemKey))
    address = page['@odata.nextLink'] && page['@odata.nextLink'].slice(root.length)
  }
  const refused = await service.get('Nothing').fetch().catch(answer => answer)
  return { red, keys, refused: refused.status }
}
run().then(found => console.log(JSON.stringify(found)), async refused => { throw new Error(await refused.text()) })
