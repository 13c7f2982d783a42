// Broken on purpose: it signs what JSON.stringify makes of the parsed body.
'use strict';

const crypto = require('node:crypto');
const express = require('express');

const secret = process.env.SOLATIS_WEBHOOK_SECRET;
const app = express();

app.post('/webhooks/solatis', express.json({ limit: '32mb' }), (req, res) => {
  const signature = req.headers['x-solatis-signature'] ?? '';
  const digest = crypto.createHmac('sha256', secret).update(JSON.stringify(req.body)).digest('hex');
  if (signature !== digest) return res.sendStatus(401);
  res.send('OK');
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/webhooks/solatis`);
});
