-- One report of what a call took: the reservation of its tokens corrected, the tokens counted, once.
--
-- ARGV: 1 key, 2 prefix of digests by key, 3 prefix of projections, 4 prefix of what limits count, 5 prefix of the usage
--       counters, 6 name that makes this report one, 7 seconds that name is remembered, 8 tokens in, 9 tokens out,
--       10 tokens reserved, 11 when, in microseconds (0: nothing was), 12 'ok', 'error' or ''.
-- Returns {'missing'} where Redis does not know the key, {'repeated'}, or {'ok'}. For one Redis, like script.lua.
local MINUTE, DAY = 60000000, 86400  -- microseconds, seconds
local EIGHT_DAYS = 8 * DAY

local function whole(number) return string.format('%.0f', number) end

local time = redis.call('TIME')
local seconds = tonumber(time[1])
local now = seconds * 1000000 + tonumber(time[2])

local digest = redis.call('GET', ARGV[2] .. ARGV[1])
local row = digest and redis.call('HMGET', ARGV[3] .. digest, 'owner', 'program', 'counted', 'limits')
if not row or not row[4] then return {'missing'} end
if not redis.call('SET', ARGV[6], 1, 'NX', 'EX', ARGV[7]) then return {'repeated'} end

local took, reserved, reserved_at = tonumber(ARGV[8]) + tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local more = took - reserved
local today = math.floor(seconds / DAY)
local of_today = reserved_at == 0 or math.floor(reserved_at / 1000000 / DAY) == today
local subjects = {o = row[1] .. ':' .. row[2] .. ':' .. row[3], k = ARGV[1], p = row[2]}

for level, per, shadow, most in string.gmatch(row[4], '(%l)t(%l)(s?) (%d+)') do
    local name, field = ARGV[4] .. level .. ':' .. subjects[level], 't' .. per .. shadow
    local held = redis.call('HMGET', name, field, field .. '@')
    local used, at = tonumber(held[1] or '0'), tonumber(held[2] or '0')
    most = tonumber(most)
    if per == 'm' then
        used = math.max(math.min(used, most * MINUTE) - math.min(math.max(now - at, 0), MINUTE) * most, 0)
        if more > 0 then
            used = more < most and math.min(used + more * MINUTE, most * MINUTE) or most * MINUTE
        else
            -- Only what the bucket has not lost since of what was reserved too much, see limits.refunded.
            used = math.max(used - math.max(-more * MINUTE - math.max(now - reserved_at, 0) * most, 0), 0)
        end
        redis.call('HSET', name, field, whole(used), field .. '@', whole(now))
        if redis.call('TTL', name) < 61 then redis.call('EXPIREAT', name, seconds + 61) end
    elseif of_today then
        if at ~= today then used = 0 end
        redis.call('HSET', name, field, whole(math.max(used + more, 0)), field .. '@', today)
        redis.call('EXPIREAT', name, (today + 1) * DAY + 3600)
    end
end

local hour = ARGV[1] .. ':' .. math.floor(seconds / 3600)
redis.call('HINCRBY', ARGV[5] .. hour, 'reported', 1)
redis.call('HINCRBY', ARGV[5] .. hour, 'tokens_in', ARGV[8])
redis.call('HINCRBY', ARGV[5] .. hour, 'tokens_out', ARGV[9])
if ARGV[12] ~= '' then redis.call('HINCRBY', ARGV[5] .. hour, 'upstream_' .. ARGV[12], 1) end
redis.call('EXPIRE', ARGV[5] .. hour, EIGHT_DAYS)
redis.call('ZADD', ARGV[5] .. 'touched', whole(now), hour)
redis.call('EXPIRE', ARGV[5] .. 'touched', EIGHT_DAYS)
return {'ok'}
