// Broken on purpose: the provider's first sample, which parses the body and verifies nothing.
'use strict';

const crypto = require('node:crypto');
const express = require('express');

const secret = process.env.SOLATIS_WEBHOOK_SECRET;
const app = express();

app.post('/webhooks/solatis', express.json(), (req, res) => {
  const event = req.body;
  console.log('Webhook received:', event.event);
  res.status(200).send('OK');
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/webhooks/solatis`);
});
