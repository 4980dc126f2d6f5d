package qosprofile

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/qosform/terraform-provider-qos/internal/camara/api"
	"github.com/qosform/terraform-provider-qos/internal/value"
)

type profileModel struct {
	Name                    types.String   `tfsdk:"name"`
	Status                  types.String   `tfsdk:"status"`
	Description             types.String   `tfsdk:"description"`
	CountryAvailability     []countryModel `tfsdk:"country_availability"`
	TargetMinUpstreamRate   types.Object   `tfsdk:"target_min_upstream_rate"`
	MaxUpstreamRate         types.Object   `tfsdk:"max_upstream_rate"`
	MaxUpstreamBurstRate    types.Object   `tfsdk:"max_upstream_burst_rate"`
	TargetMinDownstreamRate types.Object   `tfsdk:"target_min_downstream_rate"`
	MaxDownstreamRate       types.Object   `tfsdk:"max_downstream_rate"`
	MaxDownstreamBurstRate  types.Object   `tfsdk:"max_downstream_burst_rate"`
	MinDuration             types.Object   `tfsdk:"min_duration"`
	MinDurationSeconds      types.Int64    `tfsdk:"min_duration_seconds"`
	MaxDuration             types.Object   `tfsdk:"max_duration"`
	MaxDurationSeconds      types.Int64    `tfsdk:"max_duration_seconds"`
	Priority                types.Int64    `tfsdk:"priority"`
	PacketDelayBudget       types.Object   `tfsdk:"packet_delay_budget"`
	Jitter                  types.Object   `tfsdk:"jitter"`
	PacketErrorLossRate     types.Int64    `tfsdk:"packet_error_loss_rate"`
	L4SQueueType            types.String   `tfsdk:"l4s_queue_type"`
	ServiceClass            types.String   `tfsdk:"service_class"`
}

type countryModel struct {
	CountryName types.String   `tfsdk:"country_name"`
	Networks    []types.String `tfsdk:"networks"`
}

func quantityType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{"value": types.Int64Type, "unit": types.StringType}}
}

func profileOf(p *api.Profile) profileModel {
	return profileModel{
		Name:                    types.StringValue(p.Name),
		Status:                  value.StringOrNull(p.Status),
		Description:             value.StringOrNull(p.Description),
		CountryAvailability:     countriesOf(p.Countries),
		TargetMinUpstreamRate:   quantityValue(p.TargetMinUpstreamRate),
		MaxUpstreamRate:         quantityValue(p.MaxUpstreamRate),
		MaxUpstreamBurstRate:    quantityValue(p.MaxUpstreamBurstRate),
		TargetMinDownstreamRate: quantityValue(p.TargetMinDownstreamRate),
		MaxDownstreamRate:       quantityValue(p.MaxDownstreamRate),
		MaxDownstreamBurstRate:  quantityValue(p.MaxDownstreamBurstRate),
		MinDuration:             quantityValue(p.MinDuration),
		MinDurationSeconds:      seconds(p.MinDuration, time.Second-1),
		MaxDuration:             quantityValue(p.MaxDuration),
		MaxDurationSeconds:      seconds(p.MaxDuration, 0),
		Priority:                value.Int64OrNull(p.Priority),
		PacketDelayBudget:       quantityValue(p.PacketDelayBudget),
		Jitter:                  quantityValue(p.Jitter),
		PacketErrorLossRate:     value.Int64OrNull(p.PacketErrorLossRate),
		L4SQueueType:            value.StringOrNull(p.L4SQueueType),
		ServiceClass:            value.StringOrNull(p.ServiceClass),
	}
}

func countriesOf(countries []api.Country) []countryModel {
	models := make([]countryModel, len(countries))
	for i, c := range countries {
		models[i] = countryModel{CountryName: value.StringOrNull(c.Name), Networks: make([]types.String, len(c.Networks))}
		for j, network := range c.Networks {
			models[i].Networks[j] = types.StringValue(network)
		}
	}
	return models
}

func quantityValue(q *api.Quantity) types.Object {
	if q == nil {
		return types.ObjectNull(quantityType().AttrTypes)
	}
	return types.ObjectValueMust(quantityType().AttrTypes, map[string]attr.Value{
		"value": types.Int64Value(q.Value), "unit": value.StringOrNull(q.Unit),
	})
}

// seconds is a quantity of time in whole seconds, after adding what rounds it
// the safe way; null for what is none.
func seconds(q *api.Quantity, rounding time.Duration) types.Int64 {
	if q == nil {
		return types.Int64Null()
	}
	d, ok := q.Duration()
	if !ok {
		return types.Int64Null()
	}
	return types.Int64Value(int64((d + rounding) / time.Second))
}
