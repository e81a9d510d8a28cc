-- One request: state, expiry, scope, both limits, usage. Everything is decided before anything is counted.
--
-- KEYS: the projections of the secret's digests, newest pepper first.
-- ARGV: 1 model or '', 2 scope or '', 3 4 5 prefixes of the minute's, the day's and the usage counters,
--       (and the set of last uses), then for each key the least version of it that may be believed.
-- Returns {verdict, now in microseconds, fields …}; see Verdict in counting.py. Counters are named after what the
-- projection says, so this runs on one Redis (with replicas), not on a Redis cluster.
local MINUTE, DAY = 60000000, 86400  -- microseconds, seconds
local EIGHT_DAYS = 8 * DAY

local function whole(number) return string.format('%.0f', number) end

local time = redis.call('TIME')
local seconds = tonumber(time[1])
local now = seconds * 1000000 + tonumber(time[2])

local row, missing
for index, name in ipairs(KEYS) do
    local held = redis.call('HMGET', name, 'version', 'state', 'key', 'grant', 'owner', 'program', 'application',
        'environment', 'models', 'per_minute', 'per_day', 'expires', 'accepted', 'counted', 'conditions')
    if not held[1] or tonumber(held[1]) < tonumber(ARGV[5 + index]) then
        missing = true
    elseif held[2] ~= 'unknown' then
        row = held
        break
    end
end
if not row then
    return {missing and 'missing' or 'unknown_key', whole(now)}
end
local state, key, grant, owner, program, application, environment = unpack(row, 2, 8)
local models, per_minute, per_day = row[9], tonumber(row[10]), tonumber(row[11])

local function answer(verdict, ...)
    local used = ARGV[5] .. key .. ':' .. math.floor(seconds / 3600)
    if redis.call('HINCRBY', used, verdict, 1) == 1 then
        redis.call('EXPIRE', used, EIGHT_DAYS)
    end
    -- Whoever counts into a usage hash says so here, after counting: only what is touched is copied to PostgreSQL.
    if redis.call('ZADD', ARGV[5] .. 'touched', whole(now), key .. ':' .. math.floor(seconds / 3600)) == 1 then
        redis.call('EXPIRE', ARGV[5] .. 'touched', EIGHT_DAYS)
    end
    if verdict == 'ok' or verdict == 'rate_limited' then
        -- The minute of a key's last use; a payer copies it to PostgreSQL and takes it away.
        if redis.call('ZADD', ARGV[5] .. 'last', 'GT', seconds - seconds % 60, key) == 1 then
            redis.call('EXPIRE', ARGV[5] .. 'last', EIGHT_DAYS)
        end
    end
    return {verdict, whole(now), key, grant, owner, program, application, ...}
end

if state == 'revoked' then return answer('revoked_key') end
if state == 'expired' or seconds >= tonumber(row[12]) then return answer('expired_key') end
if state ~= 'active' then return answer('suspended') end
if row[13] ~= '1' then return answer('terms_not_accepted') end
if ARGV[2] ~= '' and ARGV[2] ~= environment then return answer('outside_scope', 'scope') end
if ARGV[1] ~= '' and not string.find(models, '\n' .. ARGV[1] .. '\n', 1, true) then
    return answer('outside_scope', 'model')
end

-- The minute: GCRA (ITU-T I.371, as the continuous-state leaky bucket) in whole numbers, so that no rounding lets one
-- more or one fewer pass. A request weighs 60,000,000; each microsecond takes L away; at most L requests lie in it.
-- All keys that count as one environment share both limits; a projection from before this field counts as its own.
local counted = owner .. ':' .. program .. ':' .. (row[14] or environment)
local minute = ARGV[3] .. counted
local bucket = redis.call('HMGET', minute, 'debt', 'at')
local capacity = per_minute * MINUTE
local debt = 0
if bucket[1] then
    -- A clock set back takes nothing away; one set forward by more than a minute empties the bucket, no more.
    local passed = math.min(math.max(now - tonumber(bucket[2]), 0), MINUTE)
    debt = math.max(math.min(tonumber(bucket[1]), capacity) - passed * per_minute, 0)
end

-- The day: a fixed UTC day.
local today = math.floor(seconds / DAY)
local daily = ARGV[4] .. counted .. ':' .. today
local spent = tonumber(redis.call('GET', daily) or '0')

local fits_minute = debt + MINUTE <= capacity
local fits_day = spent < per_day
if fits_minute and fits_day then
    debt = debt + MINUTE
    spent = spent + 1
    redis.call('HSET', minute, 'debt', whole(debt), 'at', whole(now))
    redis.call('PEXPIRE', minute, whole(math.ceil(debt / per_minute / 1000) + 1000))
    redis.call('SET', daily, spent, 'EXAT', (today + 1) * DAY + 3600)
end
local verdict = fits_minute and fits_day and 'ok' or 'rate_limited'
return answer(verdict, per_minute, whole(debt), per_day, spent, fits_minute and 1 or 0, fits_day and 1 or 0,
    row[15] or '')
