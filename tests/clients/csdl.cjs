// npm odata-csdl: a strict reading of $metadata, which says where an element or attribute is none that CSDL has.
const { readFileSync } = require('node:fs')
const { xml2json } = require('odata-csdl')

const messages = []
const told = xml2json(readFileSync(process.argv[2]), { strict: true, messages })
console.log(JSON.stringify({ told, messages: messages.map(one => one.message) }))
