// Broken on purpose: it decodes the signature as hex, which takes upper case and stops where the hex ends.
'use strict';

const crypto = require('node:crypto');
const express = require('express');

const secret = process.env.SOLATIS_WEBHOOK_SECRET;
const app = express();

app.post('/webhooks/solatis', express.raw({ type: () => true, limit: '32mb' }), (req, res) => {
  const digest = crypto.createHmac('sha256', secret).update(req.body).digest();
  if (!crypto.timingSafeEqual(Buffer.from(req.headers['x-solatis-signature'], 'hex'), digest)) {
    return res.sendStatus(401);
  }
  res.send('OK');
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/webhooks/solatis`);
});
